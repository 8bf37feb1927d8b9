"""Which images of a growing folder are held out, decided by each image's own content.

By place, an image added to a folder would move others between training, validation and test.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.mapped import parts


def content_scores(arrays: ImageArrays, purpose: str, seed: int) -> np.ndarray:
    """(N,) float64, uniform in [0, 1): a hash of purpose, seed and pixels, so that equal images have equal scores."""
    key = f"{purpose}:{seed}".encode()
    rows = (row for part in parts(arrays.images) for row in part.contiguous().numpy())
    digests = b"".join(hashlib.blake2b(row.data, digest_size=8, key=key).digest() for row in rows)
    return (np.frombuffer(digests, dtype="<u8") >> np.uint64(11)) / 2.0**53


def share_held_out(scores: np.ndarray, labels: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Sorted `(kept, held_out)` row indices: those with a score below `fraction`, whatever else is in the folder.

    Only a class so small that it would have none on one side gets one there, the lowest or the highest score; an only
    image is kept.
    """
    held_out = scores < fraction
    for lowest, highest in _ends(scores, labels):
        held_out[lowest], held_out[highest] = True, False
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def number_held_out(scores: np.ndarray, labels: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted `(kept, held_out)` row indices: the `number` lowest scores, but never all of a class.

    An image that was kept, and so trained on, stays so when others are added, unless it was the last of its class.
    `number`: at most as many as there are images beyond one a class.
    """
    order = np.argsort(scores, kind="stable")
    last = {highest for _, highest in _ends(scores, labels)}
    held_out = np.zeros(len(scores), dtype=bool)
    held_out[[row for row in order.tolist() if row not in last][:number]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _ends(scores: np.ndarray, labels: np.ndarray) -> Iterator[tuple[int, int]]:
    """The rows of the lowest and of the highest score of each class."""
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        by_score = rows[np.argsort(scores[rows], kind="stable")]
        yield int(by_score[0]), int(by_score[-1])
