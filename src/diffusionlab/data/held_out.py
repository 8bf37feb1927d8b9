"""Which images of a growing folder are held out, decided by each image's own content.

By place, an image added to a folder would move others between training, validation and test.
"""

import hashlib

import numpy as np

from diffusionlab.data.arrays import ImageArrays


def content_scores(arrays: ImageArrays, purpose: str, seed: int) -> np.ndarray:
    """(N,) float64, uniform in [0, 1): a hash of purpose, seed and pixels, so that equal images have equal scores."""
    key = f"{purpose}:{seed}".encode()
    rows = arrays.images.contiguous().numpy()
    digests = b"".join(hashlib.blake2b(row.data, digest_size=8, key=key).digest() for row in rows)
    return (np.frombuffer(digests, dtype="<u8") >> np.uint64(11)) / 2.0**53


def share_held_out(scores: np.ndarray, labels: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Sorted `(kept, held_out)` row indices: those with a score below `fraction`, whatever else is in the folder.

    Only a class so small that it would have none on one side gets one there, the lowest or the highest score.
    """
    held_out = scores < fraction
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        by_score = rows[np.argsort(scores[rows], kind="stable")]
        if len(rows) > 1:
            held_out[by_score[0]], held_out[by_score[-1]] = True, False
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def number_held_out(scores: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted `(kept, held_out)` row indices: the `number` lowest scores.

    An image that was kept, and so trained on, stays so when others are added.
    """
    held_out = np.zeros(len(scores), dtype=bool)
    held_out[np.argsort(scores, kind="stable")[:number]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
