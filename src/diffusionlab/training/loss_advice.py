"""What the loss by time says of the times and the weighting to try next; nothing, where it says nothing clear."""

from dataclasses import dataclass

import numpy as np
import torch

from diffusionlab.diffusion import DenoisingLoss
from diffusionlab.training.diffusion_module import DiffusionModule
from diffusionlab.visualization.loss_table import LossTable

MIN_EPOCHS = 4
FALLS = 0.02
"""A fall of the error, from one quarter of the training to another, that is worth a word."""

STANDS = 0.01
"""One that is none."""

LOGIT_MEANS = (-1.5, 0.0, 1.5)
"""loss.times.mean of a logit-normal distribution, of standard deviation 1, that puts half its times or more there."""

THIRDS = ("early third (t up to 1/3, little noise)", "mid third (t from 1/3 to 2/3)", "late third (t above 2/3)")


@dataclass(frozen=True)
class Change:
    """How the mean error of each third of t changed from the second quarter of the epochs to the last.

    All (3,): `falls`, the share by which it fell; `unsure`, what chance alone would make of it; `of_loss` and
    `of_samples`, the shares of error and samples in the last quarter.
    """

    epochs: tuple[int, int, int, int]
    falls: np.ndarray
    unsure: np.ndarray
    of_loss: np.ndarray
    of_samples: np.ndarray

    @classmethod
    def of(cls, table: LossTable) -> "Change":
        """Of a table of at least MIN_EPOCHS epochs."""
        thirds, number = table.grouped(len(THIRDS)), len(table.epochs)
        before, after = slice(number // 4, number // 2), slice(number - number // 4, number)
        sums, counts = ([of[part].sum(axis=0) for part in (before, after)] for of in (thirds.error_sums, thirds.counts))
        with np.errstate(divide="ignore", invalid="ignore"):
            falls = 1 - (sums[1] / counts[1]) / (sums[0] / counts[0])
            # errors of single samples differ by about as much as they are large
            unsure = 3 * np.sqrt(1 / counts[0] + 1 / counts[1])
        epochs = (*table.epochs[before][[0, -1]].tolist(), *table.epochs[after][[0, -1]].tolist())
        return cls(epochs, falls, unsure, sums[1] / sums[1].sum(), counts[1] / counts[1].sum())


def advice(table: LossTable, min_snr: np.ndarray | None = None) -> str | None:
    """One sentence with what was measured and the setting to try; None if the table shows nothing clear.

    `min_snr`: (3,), the mean weight that loss.weighting=min_snr would give to each third; None if the training has
    weights already.
    """
    if len(table.epochs) < MIN_EPOCHS:
        return None
    change = Change.of(table)
    if not np.isfinite(change.falls).all():
        return None
    first, last = _span(*change.epochs[:2]), _span(*change.epochs[2:])
    most = int(change.falls.argmax())
    fall, rest = change.falls[most], np.delete(change.falls, most).max()
    if fall > max(FALLS, change.unsure[most]) and fall > 2 * rest and change.of_samples[most] < 0.4:
        return (
            f"from {first} to {last} the error fell by {fall:.0%} in the {THIRDS[most]} and by at most "
            f"{max(rest, 0):.0%} elsewhere: loss.times.kind=logit_normal loss.times.mean={LOGIT_MEANS[most]:g} "
            "draws more times there"
        )
    heavy = int(change.of_loss.argmax())
    stands = abs(change.falls[heavy]) < STANDS and change.unsure[heavy] < FALLS
    falls_elsewhere = np.delete(change.falls, heavy).max() > FALLS
    if min_snr is not None and change.of_loss[heavy] > 0.5 and stands and falls_elsewhere:
        weight = min_snr[heavy] / np.delete(min_snr, heavy).mean()
        if weight < 0.5:
            return (
                f"the {THIRDS[heavy]} holds {change.of_loss[heavy]:.0%} of the loss and has not fallen from {first} to "
                f"{last}, while the error elsewhere has: loss.weighting=min_snr gives it {weight:.2g} of the others' "
                "weight"
            )
    return None


def min_snr_weights(module: DiffusionModule, num_times: int = 300) -> np.ndarray | None:
    """(3,): see `advice`; None if the loss of the module has weights."""
    if not isinstance(module.loss, DenoisingLoss) or module.loss.weighting != "uniform":
        return None
    t = module.schedule.nearest((torch.arange(num_times, device=module.device) + 0.5) / num_times)
    weights = DenoisingLoss(weighting="min_snr").weight(module.ema_denoiser, t)
    return weights.view(len(THIRDS), -1).mean(dim=1).double().cpu().numpy()


def _span(first: int, last: int) -> str:
    return f"epoch {first}" if first == last else f"epochs {first}-{last}"
