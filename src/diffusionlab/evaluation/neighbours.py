"""What nearest neighbours in feature space tell: precision, recall, density, coverage, memory."""

import torch
from torch import Tensor

ROWS = 500
"""Rows of a distance matrix that are in memory at a time."""

NUM_NEIGHBOURS = 3
"""k of precision and recall, as in the paper."""

DENSITY_NEIGHBOURS = 5
"""k of density and coverage, as in the paper."""


def nearest(queries: Tensor, among: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """Of each query (N, D) the `count` nearest of `among` (M, D): distances and rows, (N, count), nearest first."""
    among = among.double()
    found = [torch.cdist(rows.double(), among).topk(count, largest=False) for rows in queries.split(ROWS)]
    return torch.cat([one.values for one in found]), torch.cat([one.indices for one in found])


def precision_recall(real: Tensor, generated: Tensor, *, k: int = NUM_NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019, eq. 1 and 2).

    Precision: the share of samples that lie within the reach of a real image, which is the distance to its k-th
    nearest real neighbour. Recall: the same the other way round. Take equally many of both, as the paper does. Where
    a far outlier reaches wide, even noise counts as precise (Naeem et al. 2020): read it beside density.
    Raises ValueError for k images or fewer.
    """
    if min(len(real), len(generated)) <= k:
        raise ValueError(f"{len(real)} real and {len(generated)} generated images: {k} neighbours need {k + 1} of each")
    return _covered(generated, by=real, k=k), _covered(real, by=generated, k=k)


def _covered(queries: Tensor, *, by: Tensor, k: int) -> float:
    centres = by.double()
    reach = nearest(centres, centres, k + 1)[0][:, k]  # the nearest of all is the image itself
    inside = [(torch.cdist(rows.double(), centres) <= reach).any(dim=1) for rows in queries.split(ROWS)]
    return torch.cat(inside).double().mean().item()


def density_coverage(real: Tensor, generated: Tensor, *, k: int = DENSITY_NEIGHBOURS) -> tuple[float, float]:
    """Density and coverage (Naeem et al. 2020, sec. 3), by the same reaches of the real images.

    Density: in how many of them a sample lies, on average, over k; 1 for fresh real images, above 1 for samples that
    crowd where real images are dense, 0 for noise, which the wide reach of one outlier cannot make dense. Coverage: the
    share of real images within whose reach there is a sample. Raises ValueError for k images or fewer.
    """
    if min(len(real), len(generated)) <= k:
        raise ValueError(f"{len(real)} real and {len(generated)} generated images: {k} neighbours need {k + 1} of each")
    centres, samples = real.double(), generated.double()
    reach = nearest(centres, centres, k + 1)[0][:, k]
    count = num_covered = 0
    for rows, reaches in zip(centres.split(ROWS), reach.split(ROWS), strict=True):
        inside = torch.cdist(rows, samples) <= reaches[:, None]
        count, num_covered = count + int(inside.sum()), num_covered + int(inside.any(dim=1).sum())
    return count / (k * len(samples)), num_covered / len(centres)


def share_memorised(sample_distances: Tensor, test_distances: Tensor) -> float:
    """The share of samples that lie nearer to a training image than 95 % of the test images do.

    Both are distances to the nearest training image, (N,) and (M,). Fresh real images give 0.05, copies 1. It is the
    comparison of Meehan, Chaudhuri and Dasgupta 2020 ("A non-parametric test to detect data-copying"), who set these
    two sets of distances against each other by rank, looked at in the tail where copies are.
    """
    return (sample_distances < test_distances.quantile(0.05)).double().mean().item()
