"""Learning curves of a classifier: what a softmax regression learns from labelled samples for its compute."""

from collections.abc import Sequence

import numpy as np

from dataselect_core import arguments
from dataselect_core.arrays import ArrayLike
from dataselect_core.information.curve import Curve, checkpoint_ends
from dataselect_core.learners.softmax_fixed import probabilities, train
from dataselect_core.scaling.laws import training_flops

L2 = 1e-4  # penalty per sample read, so that repeated samples gain no weight against the penalty
PASSES = 100  # over everything that is read; the loss is then within about 0.01 of its minimum
CHECKPOINTS = 6


class SamplePlan:
    """Samples prepared for learning from any part of them, with the interface of `information.CurvePlan`.

    At each checkpoint a model is trained from scratch, in `PASSES` passes over everything that has been read so far;
    `operations` is the cost of that training.

    Its probabilities are smoothed by the number of samples read: n samples of k classes give (n p + 1) / (n + k).
    So a class that it has not seen yet is improbable but not impossible, and before it reads anything, its predictions
    are uniform and its loss is ln k.

    Parameters
    ----------
    features : float[n, d]
    label : int[n]
        Class of each sample, 0 to classes - 1.
    classes : int
        At least 2.
    mass : int64[n]
        Size of each sample, such as its pixels.
    per_read : int
        Mass that the model reads at a time, for 6 N D: all pixels of a frame, one window of a signal. D counts
        every pass.
    train_index, heldout_index : int64[...]
        Training and test samples; no sample is in both.
    seed : int
        Seed of the order of reading.

    Attributes
    ----------
    train_index : int64[...]
        In the order of reading.
    uniform_loss : float
        Loss of a model that predicts uniformly, nats per sample.
    """

    def __init__(
        self,
        features: ArrayLike,
        label: ArrayLike,
        classes: int,
        mass: ArrayLike,
        per_read: int,
        train_index: ArrayLike,
        heldout_index: ArrayLike,
        seed: int = 1,
    ) -> None:
        self.features, self.label, self.mass = (
            np.asarray(features, float),
            np.asarray(label),
            np.asarray(mass),
        )
        self.classes = arguments.integer("classes", classes, 2)
        self.per_read = arguments.integer("per_read", per_read, 1)
        n = len(self.features)
        for name, array in (("label", self.label), ("mass", self.mass)):
            if array.shape != (n,):
                raise ValueError(
                    f"{name} must have one entry for each of {n} samples, not shape {array.shape}"
                )
        if n and not 0 <= self.label.min() <= self.label.max() < classes:
            raise ValueError(
                f"label must be between 0 and {classes - 1}, not {self.label.min()} to {self.label.max()}"
            )
        train_index, self.heldout_index = np.asarray(train_index), np.asarray(heldout_index)
        if not train_index.size or not self.heldout_index.size:
            raise ValueError("train_index and heldout_index must hold at least one sample each")
        if np.intersect1d(train_index, self.heldout_index).size:
            raise ValueError("train_index and heldout_index must not share a sample")
        self.train_index = np.random.default_rng(seed).permutation(train_index)
        self.uniform_loss = float(np.log(self.classes))

    @property
    def parameters(self) -> int:
        """Weights and intercepts of the model."""
        return (self.features.shape[1] + 1) * self.classes

    def curve(self, keep: ArrayLike | None = None, checkpoints: int | Sequence[int] = CHECKPOINTS) -> Curve:
        """Held-out loss of a model that reads the kept training samples, at a few checkpoints.

        Parameters
        ----------
        keep : bool[n], optional
            Samples that are kept; default: all.
        checkpoints : int or sequence of int
            As for `information.CurvePlan.curve`.

        Returns
        -------
        Curve
            `tokens` is the mass read, `loss` in nats per sample.
        """
        n = len(self.features)
        keep = np.ones(n, dtype=bool) if keep is None else np.asarray(keep)
        if keep.dtype != bool or keep.shape != (n,):
            raise ValueError(
                f"keep must be a mask of {n} booleans, one for each sample, not {keep.dtype} of "
                f"shape {keep.shape}"
            )
        reading_order = self.train_index[keep[self.train_index]]
        if not reading_order.size:
            raise ValueError("keep must leave at least one training sample")
        so_far = np.cumsum(self.mass[reading_order], dtype=np.int64)
        ends = checkpoint_ends(checkpoints, so_far)
        heldout_label = self.label[self.heldout_index]
        operations, loss = [], []
        for end in ends.tolist():
            weights, cost = train(
                self.features[reading_order[:end]],
                self.label[reading_order[:end]],
                self.classes,
                L2 * end,
                PASSES,
            )
            p = probabilities(weights, self.features[self.heldout_index])[
                np.arange(heldout_label.size), heldout_label
            ]
            operations.append(cost)
            loss.append(-np.log((end * p + 1) / (end + self.classes)).mean())
        tokens = so_far[ends - 1]
        parameters = np.full(ends.size, self.parameters, dtype=np.int64)
        return Curve(
            documents=ends,
            tokens=tokens,
            operations=np.array(operations, dtype=np.int64),
            parameters=parameters,
            flops=training_flops(parameters, PASSES * (tokens // self.per_read)),
            loss=np.array(loss),
        )
