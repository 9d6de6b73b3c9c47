"""Connected components by alternating large-star and small-star, for more edges than a single machine can hold.

Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii: Connected Components in MapReduce and Beyond, SoCC 2014. Each
step needs only one node with its neighbours at a time, so the nodes can be divided among tasks by a hash. About log^2 n
steps are proved for a graph of n nodes, and far fewer are observed.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def large_star(edges: np.ndarray) -> tuple[np.ndarray, bool]:
    """Link every larger neighbour of a node to the smallest of the node and its neighbours.

    Parameters
    ----------
    edges : int64[m, 2]
        Node and neighbour: every edge in both directions, all edges of a node together.

    Returns
    -------
    edges : int64[k, 2]
        Node and a smaller node.
    changed : bool
        Whether an edge is different from before.
    """
    edges, starts, group = _grouped(edges)
    if not len(edges):
        return edges, False
    least = np.minimum(np.minimum.reduceat(edges[:, 1], starts), edges[starts, 0])[group]
    larger = edges[:, 1] > edges[:, 0]
    changed = bool((least < edges[:, 0])[larger].any())
    return np.stack([edges[larger, 1], least[larger]], axis=1), changed


def small_star(edges: np.ndarray) -> tuple[np.ndarray, bool]:
    """Link a node and its smaller neighbours to the smallest of them; like `large_star`, for edges to smaller nodes."""
    edges, starts, group = _grouped(edges)
    if not len(edges):
        return edges, False
    least = np.minimum.reduceat(edges[:, 1], starts)
    others = edges[:, 1] != least[group]
    linked = [
        np.stack([edges[others, 1], least[group][others]], axis=1),
        np.stack([edges[starts, 0], least], axis=1),
    ]
    return np.concatenate(linked), bool(others.any())


def components(
    files: list, folder: Any, run: Callable[[Callable, list], list], partitions: int
) -> tuple[np.ndarray, int]:
    """The smallest node of the component of each node that has an edge.

    Parameters
    ----------
    files : list of path
        .npy files of edges, int64[m, 2], node and a smaller node.
    folder : path
        All tasks can read it and write to it.
    run : callable
        run(function, list of arguments) returns the results, in order.
    partitions : int
        Number of tasks in a step.

    Returns
    -------
    edges : int64[k, 2]
        Node and the smallest node of its component, if that is another.
    steps : int
    """
    files = [os.fspath(name) for name in files]
    shared = run(share_out, [(name, f"{folder}/in-{i}", partitions) for i, name in enumerate(files)])
    steps, unchanged_steps = 0, 0
    while unchanged_steps < 2:
        kind = ("large", "small")[steps % 2]
        tasks = [(shared, j, kind, f"{folder}/step-{steps}-{j}", partitions) for j in range(partitions)]
        done = run(step, tasks)
        for name in shared:  # output of the step before
            for end in (".npy", ".at.npy"):
                Path(name + end).unlink(missing_ok=True)
        shared = [name for name, _ in done]
        unchanged_steps = 0 if any(changed for _, changed in done) else unchanged_steps + 1
        steps += 1
    # After a large-star, edges are in the order for a small-star, node and smaller; otherwise in both directions.
    edges = np.concatenate([np.load(name + ".npy") for name in shared])
    return np.unique(edges[edges[:, 0] > edges[:, 1]], axis=0), steps


def share_out(task: tuple) -> str:
    """Arrange the edges of one file for a first large-star."""
    source, target, partitions = task
    return _save(np.load(source), "large", target, partitions)


def step(task: tuple) -> tuple[str, bool]:
    """One star at the nodes of a partition: the file of its edges, arranged for the other star, and if one changed."""
    sources, partition, kind, target, partitions = task
    pieces = [np.empty((0, 2), np.int64)]
    for name in sources:
        offsets = np.load(name + ".at.npy")
        edges = np.load(name + ".npy", mmap_mode="r") if offsets[-1] else np.empty((0, 2), np.int64)
        pieces.append(np.array(edges[offsets[partition] : offsets[partition + 1]]))
    star, following = (large_star, "small") if kind == "large" else (small_star, "large")
    linked, changed = star(np.concatenate(pieces))
    return _save(linked, following, target, partitions), changed


def _save(edges, kind, target, partitions):
    edges = np.unique(edges, axis=0)
    if kind == "large":
        edges = np.concatenate([edges, edges[:, ::-1]])
    partition = (edges[:, 0].astype(np.uint64) * MULTIPLIER >> np.uint64(33)) % np.uint64(partitions)
    order = np.argsort(partition, kind="stable")
    save(target + ".npy", edges[order])
    save(target + ".at.npy", np.searchsorted(partition[order], np.arange(partitions + 1)))
    return target


def save(name: Any, array: np.ndarray) -> None:
    """Write a .npy that appears whole or not at all, because a task may be run again while it is read."""
    staged = f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    with open(staged, "wb") as file:
        np.save(file, array)
    os.replace(staged, name)


def _grouped(edges):
    """The distinct edges, sorted; the start of each node's edges; and for every edge the number of its node."""
    edges = np.unique(edges, axis=0)
    new = np.append(True, edges[1:, 0] != edges[:-1, 0])[: len(edges)]
    return edges, np.flatnonzero(new), np.cumsum(new) - 1
