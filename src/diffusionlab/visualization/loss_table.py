"""The training error by diffusion time, epoch by epoch: a table in memory and as a CSV file."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diffusionlab.atomic import replaced

FIELDS = ("epoch", "t_from", "t_to", "num_samples", "mean_error")


@dataclass(frozen=True)
class LossTable:
    """`epochs`: (E,) counted from 1; `error_sums` and `counts`: (E, N), of the samples with t in ((n - 1) / N, n / N].

    The error is the unweighted mean squared error of the network's output for one sample.
    """

    epochs: np.ndarray
    error_sums: np.ndarray
    counts: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """(N + 1,) limits of the bins in t."""
        return np.linspace(0.0, 1.0, self.counts.shape[1] + 1)

    @property
    def means(self) -> np.ndarray:
        """(E, N) mean error of each bin; NaN where no t fell."""
        return _ratio(self.error_sums, self.counts)

    def epoch_means(self) -> np.ndarray:
        """(E,) mean error over all samples of each epoch."""
        return self.error_sums.sum(axis=1) / self.counts.sum(axis=1)

    def grouped(self, num_groups: int) -> "LossTable":
        """Neighbouring bins put together, into `num_groups` equal ranges of t."""
        shape = (len(self.epochs), num_groups, -1)
        sums, counts = (array.reshape(shape).sum(axis=2) for array in (self.error_sums, self.counts))
        return LossTable(self.epochs, sums, counts)


def read_loss_table(path: Path) -> LossTable:
    """Raises ValueError where the file is not one that `write_epoch` made, OSError where it cannot be read."""
    try:
        with path.open(newline="") as file:
            rows = [tuple(float(row[name]) for name in FIELDS) for row in csv.DictReader(file)]
        epochs = sorted({int(row[0]) for row in rows})
        of_epoch = [sorted(row for row in rows if row[0] == epoch) for epoch in epochs]
        counts = np.array([[row[3] for row in group] for group in of_epoch])
        means = np.array([[row[4] for row in group] for group in of_epoch])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no table of the loss by time: {error}") from error
    if not rows or counts.ndim != 2:
        raise ValueError(f"{path} has no whole epoch")
    return LossTable(np.array(epochs), np.where(counts > 0, means * counts, 0.0), counts)


def write_epoch(path: Path, epoch: int, error_sums: Sequence[float], counts: Sequence[float]) -> None:
    """Append one epoch, the first being 1; what stands there of this epoch or later ones is being done again and goes.

    The file is replaced as a whole, so that a reader never sees half an epoch.
    """
    kept: list[list[str]] = []
    if path.is_file():
        with path.open(newline="") as file:
            kept = [row for row in list(csv.reader(file))[1:] if int(row[0]) < epoch]
    num_bins = len(counts)
    means = _ratio(np.asarray(error_sums, dtype=float), np.asarray(counts, dtype=float))
    new = [
        [epoch, f"{n / num_bins:.6g}", f"{(n + 1) / num_bins:.6g}", int(counts[n]), f"{means[n]:.9g}"]
        for n in range(num_bins)
    ]
    with replaced(path) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file).writerows([FIELDS, *kept, *new])


def _ratio(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
