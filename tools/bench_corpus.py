"""The `dedup` command and its peers on one corpus, end to end, in one run: time, processor time, memory.

  python build.py bench --corpus [-- --documents 50000 --leave-out datasketch]

Makes a corpus in which every copy is known, and runs each program on it in a separate process, one after the other.
Each reads the JSON Lines, finds near-duplicates (word 5-grams, Jaccard similarity 0.8, 9 bands x 13 rows), and writes
the kept rows. The peers are in `bench_peers.py`; their packages are pinned in `requirements-peers.txt` and installed in
a separate environment in the cache outside the tree. Then the programs only sign texts, with one thread. The figures
are printed, and written to .build/bench-corpus.json. They decide nothing: no test passes or fails by them.

The table also shows what was removed. Every program must remove all rows that equal an earlier one. Of the copies with
changed words, those that do not compare candidates exactly remove some that are less similar than the threshold.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

import numpy as np

from tools import fetch, pip_client
from tools.bench_core import make_vocabulary

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tools" / "requirements-peers.txt"
PEERS = ("rensa", "daft", "datasketch")
WORDS = 100  # of a document
COPIES = 0.3  # share of the documents drawn as copies of an earlier one; half of these have words changed
MOST_EDITS = 8  # words changed in a copy
BLOCK = 10_000  # documents made at a time
TICK = 0.1  # seconds between two looks at the memory
SIGNED = 20_000  # texts of each repetition of the signatures alone
QUIET = {"DO_NOT_TRACK": "true"}  # Daft would report its use to its makers


def make(path, documents, seed=1, words=WORDS):
    """Write a corpus of random words in which some documents are copies of earlier ones.

    Parameters
    ----------
    path : path
        A new JSON Lines file, with `id` (the position) and `text`.
    documents : int
    seed : int
    words : int
        Words of a document.

    Returns
    -------
    equal, changed : bool[documents]
        The documents that equal an earlier one, and the copies with 1 to `MOST_EDITS` words drawn again.
    """
    draw = np.random.default_rng(seed)
    vocabulary = np.array(make_vocabulary(), object)
    rows = np.empty((documents, words), np.int16)
    copied, changed = draw.random(documents) < COPIES, draw.random(documents) < 0.5
    copied[0] = False
    with open(path, "w", encoding="ascii") as file:
        for start in range(0, documents, BLOCK):
            stop = min(start + BLOCK, documents)
            rows[start:stop] = draw.integers(0, len(vocabulary), (stop - start, words))
            for place in (np.flatnonzero(copied[start:stop]) + start).tolist():
                rows[place] = rows[draw.integers(place)]
                if changed[place]:
                    edits = draw.integers(0, words, draw.integers(1, MOST_EDITS + 1))
                    rows[place, edits] = draw.integers(0, len(vocabulary), len(edits))
            for place in range(start, stop):
                text = " ".join(vocabulary[rows[place]])
                file.write(f'{{"id": {place}, "text": "{text}"}}\n')
    first = {}
    earlier = [first.setdefault(row.tobytes(), place) for place, row in enumerate(rows)]
    equal = np.array(earlier) != np.arange(documents)
    return equal, copied & changed & ~equal


def environment(say=print):
    """The Python of an environment with exactly the pinned packages of the peers; made if missing."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + platform.python_version().encode()).hexdigest()[:8]
    folder = fetch.cache_dir() / f"peers-{key}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "complete").exists():
        say(f"Installing the peers in {folder} (once)")
        venv.create(folder, clear=True, with_pip=True)
        given = ("--no-deps", "--require-hashes", "--only-binary=:all:", "-r", REQUIREMENTS)
        pip_client.pip(python, "install", *given, progress=("packages", 11))
        (folder / "complete").touch()
    return python


def measured(command, environment=None):
    """Run a command, and measure it with all processes that it starts.

    Parameters
    ----------
    command : list of str
    environment : dict, optional
        Variables in addition to those of this process.

    Returns
    -------
    dict
        seconds; processor_seconds (user and system); peak_mb: the most resident memory of all its processes together,
        looked at every `TICK` seconds, and not less than that of the largest one.

    Raises
    ------
    RuntimeError
        If it fails, with the end of what it printed.
    """
    import psutil

    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            env={**pip_client.clean(os.environ), **QUIET, **(environment or {})},
        )  # fmt: skip
        most, over = [0], threading.Event()

        def look():
            whole = psutil.Process(process.pid)
            while not over.wait(TICK):
                total = 0
                try:
                    for one in (whole, *whole.children(recursive=True)):
                        total += one.memory_info().rss
                except psutil.Error:  # one of them has just ended
                    continue
                most[0] = max(most[0], total)

        watch = threading.Thread(target=look)
        watch.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            over.set()
            watch.join()
            if process.returncode is None:
                process.kill()
                process.wait()
        seconds = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip()[-2000:]
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{words}")
    alone = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "seconds": seconds,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": max(most[0], alone) / 1e6,
    }


def removed_from(kept, documents):
    """The documents that are not in a file of kept rows, or in the files of a folder: bool[documents]."""
    gone = np.ones(documents, bool)
    for path in sorted(kept.rglob("*.json*")) if kept.is_dir() else [kept]:
        with open(path, "rb") as lines:
            gone[[int(line[line.index(b":") + 1 : line.index(b",")]) for line in lines]] = False
    return gone


def programs(python, jobs, peers):
    """The programs of the table: name -> function that makes the command line from a corpus and an output."""
    ours = [sys.executable, "-m", "dataselect_core", "dedup", "--threshold", "0.8", "--quiet"]
    found = {
        f"this command, --jobs {number}": lambda corpus, kept, number=number: [
            *ours, corpus, "-o", kept, "--jobs", str(number)
        ]
        for number in jobs
    }  # fmt: skip
    script = Path(__file__).with_name("bench_peers.py")
    for name in peers:
        found[name] = lambda corpus, kept, name=name: [python, "-I", script, name, corpus, kept]
    return found


def bench_corpus(python, documents, seed, repeats, jobs, peers, say=print):
    """Run every program on one corpus, in turns.

    Returns
    -------
    dict of str to dict
        Name -> medians of `measured`, `runs` with all of them, and `removed`, with the shares of the `equal` and of
        the `changed` copies that are among the removed.
    """
    runs, counts = {}, {}
    with tempfile.TemporaryDirectory(prefix="bench-corpus-") as folder:
        corpus = Path(folder, "corpus.jsonl")
        equal, changed = make(corpus, documents, seed)
        say(f"{documents:,} documents of {WORDS} words, {corpus.stat().st_size / 1e6:,.0f} MB of JSON Lines")
        for number in range(repeats):
            for name, command in programs(python, jobs, peers).items():
                kept = Path(folder, f"kept-{number}-{name.split()[-1]}.jsonl")
                found = measured(command(corpus, kept))
                gone = removed_from(kept, documents)
                counts[name] = {
                    "removed": int(gone.sum()),
                    "equal": float(gone[equal].mean()) if equal.any() else 1.0,
                    "changed": float(gone[changed].mean()) if changed.any() else 1.0,
                }
                runs.setdefault(name, []).append(found)
                say(
                    f"  {name}: {found['seconds']:,.1f} s, {found['processor_seconds']:,.1f} s of processor time"
                )
    return {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        | counts[name]
        | {"runs": found}
        for name, found in runs.items()
    }


def signatures_alone(python, repeats, texts=SIGNED):
    """Seconds to sign fresh texts with one thread, by name: medians over repetitions, on one processor."""
    script = Path(__file__).with_name("bench_peers.py")
    done = subprocess.run(
        [str(python), "-I", str(script), "signatures", str(texts), str(repeats)],
        env={**pip_client.clean(os.environ), **QUIET}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the signatures alone ended with {done.returncode}:\n{done.stderr[-2000:]}")
    times = json.loads(done.stdout.splitlines()[-1])
    return {name: {"seconds": statistics.median(runs), "runs": runs} for name, runs in times.items()}


def table(rows):
    """The rows as lines of text, each with its processor time as a multiple of the first one's."""
    lines = [
        f"{'':<26}{'time':>10}{'processor':>11}{'ratio':>7}{'memory':>11}{'removed':>11}{'equal':>8}{'changed':>9}"
    ]
    own = next(iter(rows.values()))["processor_seconds"]
    for name, row in rows.items():
        lines.append(
            f"{name:<26}{row['seconds']:>8,.1f} s{row['processor_seconds']:>9,.1f} s"
            f"{row['processor_seconds'] / own:>7.2f}{row['peak_mb']:>8,.0f} MB{row['removed']:>11,}"
            f"{row['equal']:>8.1%}{row['changed']:>9.1%}"
        )
    return lines


def signature_table(rows, texts=SIGNED):
    """The rows of the signatures alone as lines of text."""
    own = next(iter(rows.values()))["seconds"]
    return [
        f"{name:<26}{row['seconds']:>8.3f} s{texts / row['seconds']:>12,.0f} texts/s{row['seconds'] / own:>7.2f}"
        for name, row in rows.items()
    ]


def versions():
    """The pinned versions of the peers that apply to this machine: name -> version."""
    from tools import pins

    found = {}
    for pin, _ in pins.read(REQUIREMENTS):
        if pin.name in (*PEERS, "orjson", "numpy") and (pin.marker is None or pin.marker.evaluate()):
            found[pin.name] = next(iter(pin.specifier)).version
    return found


def main(arguments=()):
    """Measure, print the tables, and write the JSON."""
    from dataselect_core.dedup.workers import processors

    parser = argparse.ArgumentParser(prog="bench --corpus", description="Measure dedup against its peers.")
    parser.add_argument("--documents", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the corpus; each gives other texts (default 1)"
    )
    parser.add_argument("--repeats", type=int, default=1, help="runs of each program, in turns (default 1)")
    parser.add_argument("--leave-out", action="append", default=[], choices=PEERS, help="can be repeated")
    options = parser.parse_args(arguments)
    if options.documents < 2 or options.repeats < 1:
        parser.error("--documents must be at least 2, and --repeats at least 1")
    peers = [name for name in PEERS if name not in options.leave_out]
    python = environment()
    load = os.getloadavg()
    jobs = list(dict.fromkeys((1, processors())))
    rows = bench_corpus(python, options.documents, options.seed, options.repeats, jobs, peers)
    signed = signatures_alone(python, 5)
    print("", *table(rows), sep="\n")
    print(f"\nsignatures alone, one thread, {SIGNED:,} fresh texts of {WORDS} words, 128 permutations")
    print(*signature_table(signed), sep="\n")
    for name in options.leave_out:
        print(f"{name} was left out, as the command line says.")
    print(f"{processors()} processors, load {load[0]:.1f} at the start; peers without an exact comparison")
    target = ROOT / ".build" / "bench-corpus.json"
    target.parent.mkdir(exist_ok=True)
    found = {
        "documents": options.documents, "words": WORDS, "seed": options.seed, "repeats": options.repeats,
        "left_out": options.leave_out, "processors": processors(), "load": load, "end_to_end": rows,
        "signatures": {"texts": SIGNED, "rows": signed}, "python": platform.python_version(),
        "machine": platform.machine(), "versions": versions(),
    }  # fmt: skip
    target.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"All figures: {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
