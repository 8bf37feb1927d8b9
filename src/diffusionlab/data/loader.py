"""Batches whose order and augmentation depend on (seed, epoch) alone, and which resume where they stopped.

Why not `torch.utils.data.DataLoader`: the images are decoded already, so one index, one augmentation and one cast per
batch replace worker processes and a Python call per image; and the global random state never decides what a
run sees, so a resumed run sees exactly what the uninterrupted one would have seen.

On a GPU the images lie in its memory if they take no more than a quarter of what is free. If they do not, or are in a
file, a thread reads two batches ahead, as uint8 and in pinned memory on the way to a GPU.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from diffusionlab.data.ahead import made_ahead
from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.augmentation import Augmentation, Changes
from diffusionlab.data.mapped import MappedImages, taken
from diffusionlab.errors import UsageError
from diffusionlab.tensors import to_float

NONE = Augmentation()
CPU = torch.device("cpu")


@dataclass(frozen=True)
class _EpochPlan:
    """This rank's share of one epoch: which rows (n,) in which order, and how each is changed."""

    rows: Tensor
    changes: Changes


class BatchLoader:
    """Iterates `(x0, label)` on `device`: (B, C, H, W) float32 in [-1, 1] and (B,) int64; with styles a third, `style`.

    The order is a permutation drawn from `(seed, epoch)`; call `set_epoch` before each epoch, as Lightning does.
    Rank r of w takes every w-th image of it, so the global batch is the same however many ranks share it. Where
    the images do not divide by w, the first ones are used twice, so that all ranks make the same number of steps.

    `state_dict` names the epoch and the next batch; after `load_state_dict` the next iteration of that epoch starts
    there, and later ones from the beginning.

    Raises:
        ValueError: no images, or fewer than one full batch where `drop_last` would leave none.
    """

    def __init__(
        self,
        arrays: ImageArrays,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        augmentation: Augmentation = NONE,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
        device: torch.device = CPU,
    ) -> None:
        self.arrays = arrays
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.augmentation = augmentation
        self.rank = rank
        self.world_size = world_size
        self.drop_last = drop_last
        self.device = device
        if len(self) == 0:
            raise ValueError(
                f"no full batch: batch_size {batch_size} x {world_size} device(s) exceeds {len(arrays)} images; "
                f"type data.batch_size={max(1, len(arrays) // world_size)} or less"
            )
        self._epoch = 0
        self._next_batch = 0  # of the iteration under way, for state_dict
        self._resume_at = 0  # where the next iteration starts

    def __len__(self) -> int:
        share = -(-len(self.arrays) // self.world_size)
        return share // self.batch_size if self.drop_last else -(-share // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        # A generator: nothing happens before the first batch is asked for. Lightning calls iter() before it loads
        # the state and sets the epoch, and once more only to see whether it can.
        start, self._resume_at = self._resume_at, 0
        plan = self._plan_epoch()
        parts = [slice(batch * self.batch_size, (batch + 1) * self.batch_size) for batch in range(start, len(self))]
        rows = (plan.rows[part] for part in parts)
        fetched = made_ahead(self._fetch, rows) if self._reads_ahead else map(self._fetch, rows)
        for part, (images, *labels) in zip(parts, fetched, strict=True):
            self._next_batch = part.stop // self.batch_size
            yield (
                to_float(self.augmentation(images.to(self.device, non_blocking=True), plan.changes.take(part))),
                *(label.to(self.device, non_blocking=True) for label in labels),
            )

    @cached_property
    def source(self) -> ImageArrays:
        """The images where batches are taken from, placed when the first one is."""
        if self.device.type != "cuda" or 4 * self.arrays.num_bytes > torch.cuda.mem_get_info(self.device)[0]:
            return self.arrays
        return self.arrays.to(self.device)

    @property
    def _reads_ahead(self) -> bool:
        return isinstance(self.source.images, MappedImages) or self.source.images.device != self.device

    def _fetch(self, rows: Tensor) -> list[Tensor]:
        """uint8 images and labels, from where they lie."""
        source = self.source
        labels = [label.index_select(0, rows) for label in (source.labels, source.styles) if label is not None]
        fetched = [taken(source.images, rows), *labels]
        to_be_moved = self.device.type == "cuda" and not source.labels.is_cuda
        return [part.pin_memory() for part in fetched] if to_be_moved else fetched

    def _plan_epoch(self) -> _EpochPlan:
        rng = np.random.default_rng([self.seed, self._epoch])
        num_images = len(self.arrays)
        rows = rng.permutation(num_images) if self.shuffle else np.arange(num_images)
        changes = self.augmentation.draw(rng, num_images)
        share = np.arange(self.rank, -(-num_images // self.world_size) * self.world_size, self.world_size) % num_images
        order = torch.from_numpy(rows[share]).to(self.source.labels.device)
        return _EpochPlan(order, changes.take(torch.from_numpy(share)).to(self.device))

    # ---- what Lightning asks for ----

    @property
    def batch_sampler(self) -> SimpleNamespace:
        """Lightning calls `set_epoch` on `loader.batch_sampler.sampler`, never on the loader. It takes a loader that
        has a `sampler` of its own for one of torch's, and fails on it."""
        return SimpleNamespace(sampler=self)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; a new epoch starts at its first batch."""
        if epoch != self._epoch:
            self._epoch, self._next_batch, self._resume_at = epoch, 0, 0

    def state_dict(self) -> dict[str, int]:
        """Where the iteration stands, in plain integers; the same on every rank."""
        return {
            "epoch": self._epoch,
            "next_batch": self._next_batch,
            "num_batches": len(self),
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue at the batch after the last one served.

        Raises:
            UsageError: the state stands inside an epoch that this loader would cut differently.
        """
        mid_epoch = 0 < state["next_batch"] < state["num_batches"]
        for key in ("batch_size", "seed", "num_batches"):
            if mid_epoch and state[key] != self.state_dict()[key]:
                raise UsageError(
                    f"cannot continue inside epoch {state['epoch']}: the checkpoint was made with {key} {state[key]}, "
                    f"this run has {self.state_dict()[key]}; use the checkpoint's data settings and number of devices"
                )
        self._epoch = state["epoch"]
        self._next_batch = self._resume_at = state["next_batch"] if mid_epoch else 0
