"""Distances between two sets of features, in double precision; neither order nor batches matter to them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_kernel

ROWS = 1000
"""Rows of a kernel matrix that are in memory at a time."""


class PrecomputedFeatures(nn.Module):
    """Stands where torchmetrics expects a feature network: the features are taken already, once for all metrics."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Squared Fréchet distance of the Gaussians fitted to two sets, (N, D) and (M, D) (Heusel et al. 2017, eq. 6).

    Few samples bias it upward. Computed by torchmetrics. Raises ValueError for fewer than two of either.
    """
    _check(real, generated)
    metric = FrechetInceptionDistance(feature=PrecomputedFeatures(real.shape[1]))
    metric.update(real.double(), real=True)
    metric.update(generated.double(), real=False)
    return max(0.0, metric.compute().item())  # rounding may leave it just below 0


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def kernel_distance(real: Tensor, generated: Tensor, *, num_bootstraps: int = 200, seed: int = 0) -> Estimate:
    """Unbiased squared MMD under the kernel (x y / D + 1)^3 (Binkowski et al. 2018, eq. 4) over all pairs.

    This is torchmetrics' KID with one subset that holds everything, so no subset is drawn by chance. The interval has
    the percentiles of `num_bootstraps` resamples of both sets; pairs of an image with itself, which resampling
    makes more of, never count, so the resamples are unbiased too.
    Memory grows with N; time with N^2. Raises ValueError for fewer than two of either.
    """
    _check(real, generated)
    rng = np.random.default_rng(seed)
    x, y = real.double(), generated.double()
    w, v = (_counts(len(one), num_bootstraps, rng).to(x) for one in (x, y))
    across = _weighted_sum(x, y, w, v) / (len(x) * len(y))
    found = _mean_of_pairs(x, w) + _mean_of_pairs(y, v) - 2 * across
    low, high = found[1:].quantile(torch.tensor([0.025, 0.975]).to(found)).tolist()
    return Estimate(found[0].item(), low, high)


def _counts(number: int, num_bootstraps: int, rng: np.random.Generator) -> Tensor:
    """(1 + num_bootstraps, number): how often each is drawn; once in the first row, with replacement in the others."""
    drawn = rng.multinomial(number, np.full(number, 1 / number), size=num_bootstraps)
    return torch.from_numpy(np.concatenate([np.ones((1, number), dtype=drawn.dtype), drawn]))


def _weighted_sum(x: Tensor, y: Tensor, w: Tensor, v: Tensor) -> Tensor:
    """sum_ij w_i k(x_i, y_j) v_j for each row of the weights w and v."""
    total = torch.zeros(len(w)).to(x)
    for rows, weights in zip(x.split(ROWS), w.split(ROWS, dim=1), strict=True):
        total += ((weights @ poly_kernel(rows, y)) * v).sum(dim=1)
    return total


def _mean_of_pairs(x: Tensor, w: Tensor) -> Tensor:
    """The mean kernel over pairs of different images, weighted."""
    with_itself = (x.square().sum(dim=1) / x.shape[1] + 1) ** 3
    pairs = w.sum(dim=1).square() - w.square().sum(dim=1)
    return (_weighted_sum(x, x, w, w) - w.square() @ with_itself) / pairs


def cmmd(real: Tensor, generated: Tensor) -> float:
    """1000 MMD^2 under the kernel exp(-|x - y|^2 / (2 * 10^2)), of the unit vectors of a CLIP.

    CMMD as published (Jayasumana et al. 2024, eq. 3 and sec. 4): ViT-L/14 at 336 pixels, and means over all pairs,
    those of an image with itself included. Raises ValueError for fewer than two of either.
    """
    _check(real, generated)
    x, y = real.double(), generated.double()
    return 1000 * (_mean_gaussian(x, x) + _mean_gaussian(y, y) - 2 * _mean_gaussian(x, y))


def _mean_gaussian(x: Tensor, y: Tensor, width: float = 10.0) -> float:
    kernels = ((torch.cdist(rows, y).square() / (-2 * width**2)).expm1().sum() for rows in x.split(ROWS))
    return float(sum(kernels)) / (len(x) * len(y))  # less 1, which the three terms of MMD cancel: no digits are lost


def _check(real: Tensor, generated: Tensor) -> None:
    if min(len(real), len(generated)) < 2:
        raise ValueError(f"{len(real)} real and {len(generated)} generated images: a distance needs two of each")
