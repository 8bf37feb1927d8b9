"""Order, flips, shards, and Lightning's resume in the middle of an epoch."""

import threading
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusionlab.data import BatchLoader, ImageArrays, mapped
from diffusionlab.data.augmentation import Augmentation
from diffusionlab.data.mapped import in_temporary_file

FLIP = Augmentation(horizontal_flip=True)


def numbered(count: int, size: int = 4) -> ImageArrays:
    """Image k has label k; its left half is brighter than its right, so that a flip shows."""
    images = torch.zeros(count, 1, size, size, dtype=torch.uint8)
    images[..., : size // 2] = 200
    return ImageArrays(images, torch.arange(count))


def order(loader: BatchLoader) -> list[int]:
    return torch.cat([label for _, label in loader]).tolist()


def flips(loader: BatchLoader) -> dict[int, bool]:
    return {
        int(k): bool(x[0, 0, 0] < x[0, 0, -1]) for batch, label in loader for x, k in zip(batch, label, strict=True)
    }


def test_batches_are_floats_in_the_networks_range():
    x0, label = next(iter(BatchLoader(numbered(10), batch_size=4)))
    assert x0.shape == (4, 1, 4, 4) and x0.dtype == torch.float32 and label.dtype == torch.int64
    assert x0.min() == -1 and x0.max() == pytest.approx(200 / 127.5 - 1)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 40), batch_size=st.integers(1, 12), epoch=st.integers(0, 5))
def test_an_epoch_holds_every_image_once(count, batch_size, epoch):
    loader = BatchLoader(numbered(count), batch_size=batch_size, shuffle=True)
    loader.set_epoch(epoch)
    assert sorted(order(loader)) == list(range(count))
    assert len(list(loader)) == len(loader)


def test_order_and_flips_depend_on_seed_and_epoch_alone():
    def epoch_of(seed: int, epoch: int) -> tuple[list[int], dict[int, bool]]:
        loader = BatchLoader(numbered(64), batch_size=8, shuffle=True, seed=seed, augmentation=FLIP)
        loader.set_epoch(epoch)
        return order(loader), flips(loader)

    torch.manual_seed(1)
    np.random.seed(1)
    first = epoch_of(0, 3)
    torch.rand(5)
    np.random.rand(5)
    assert epoch_of(0, 3) == first
    assert epoch_of(0, 4)[0] != first[0] and epoch_of(0, 4)[1] != first[1]
    assert epoch_of(1, 3)[0] != first[0]
    assert 16 < sum(first[1].values()) < 48  # of 64, each with probability 1/2: five sigma


def test_a_flip_mirrors_the_width_and_nothing_else():
    arrays = ImageArrays(torch.randint(0, 256, (32, 3, 5, 6), dtype=torch.uint8), torch.arange(32))
    plain = torch.cat([x for x, _ in BatchLoader(arrays, batch_size=8)])
    mirrored = torch.cat([x for x, _ in BatchLoader(arrays, batch_size=8, augmentation=FLIP)])
    same = (plain == mirrored).flatten(1).all(1)
    turned = (plain.flip(-1) == mirrored).flatten(1).all(1)
    assert bool((same | turned).all()) and 0 < int(turned.sum()) < 32


@settings(max_examples=30, deadline=None)
@given(count=st.integers(8, 50), world_size=st.integers(1, 4), batch_size=st.integers(1, 5), drop_last=st.booleans())
def test_ranks_share_each_global_batch(count, world_size, batch_size, drop_last):
    def loader(batch_size: int, rank: int = 0, world_size: int = 1) -> BatchLoader:
        return BatchLoader(
            numbered(count), batch_size=batch_size, shuffle=True, rank=rank, world_size=world_size, drop_last=drop_last
        )

    if count // world_size < batch_size:
        return
    shards = [list(loader(batch_size, rank, world_size)) for rank in range(world_size)]
    assert len({len(shard) for shard in shards}) == 1
    whole = list(loader(batch_size * world_size))
    for step in range(min(len(whole), len(shards[0]))):
        together = {int(k) for shard in shards for k in shard[step][1]}
        assert set(whole[step][1].tolist()) <= together
    if not drop_last:
        assert {int(k) for shard in shards for _, label in shard for k in label} == set(range(count))


def test_state_continues_at_the_next_batch_and_later_epochs_are_whole():
    loader = BatchLoader(numbered(20), batch_size=4, shuffle=True)
    loader.set_epoch(2)
    whole = order(loader)
    served = iter(loader)
    next(served), next(served)
    resumed = BatchLoader(numbered(20), batch_size=4, shuffle=True)
    resumed.load_state_dict(loader.state_dict())
    resumed.set_epoch(2)
    assert order(resumed) == whole[8:]
    assert order(resumed) == whole
    resumed.set_epoch(3)
    loader.set_epoch(3)
    assert order(resumed) == order(loader)


def test_a_state_cut_differently_is_refused():
    loader = BatchLoader(numbered(20), batch_size=4, shuffle=True)
    next(iter(loader))
    for other in (BatchLoader(numbered(20), batch_size=5), BatchLoader(numbered(20), batch_size=4, seed=1)):
        with pytest.raises(ValueError, match="cannot continue inside epoch 0"):
            other.load_state_dict(loader.state_dict())


def test_no_batch_at_all_is_refused():
    with pytest.raises(ValueError, match=r"type data\.batch_size=3 or less"):
        BatchLoader(numbered(3), batch_size=4, drop_last=True)


# ---- from a file, and to another device ----


@pytest.fixture
def both(tmp_path) -> tuple[ImageArrays, ImageArrays]:
    """The same images with styles, in memory and in a file."""
    images = torch.randint(0, 256, (23, 3, 6, 6), dtype=torch.uint8)
    labels = torch.arange(23)
    in_file = in_temporary_file(images.split(5), tmp_path)
    return ImageArrays(images, labels, labels % 3), ImageArrays(in_file, labels, labels % 3)


def batches(arrays: ImageArrays, **options) -> BatchLoader:
    change = Augmentation(horizontal_flip=True, random_crop=1)
    return BatchLoader(arrays, **{"batch_size": 4, "shuffle": True, "augmentation": change} | options)


def test_images_in_a_file_make_the_same_batches(both):
    in_memory, in_file = map(batches, both)
    for one, other in zip(in_memory, in_file, strict=True):
        assert len(one) == 3 and all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_what_is_read_ahead_counts_once_it_is_served_and_ends_with_the_loop(both):
    loader, num_threads = batches(both[1]), threading.active_count()
    whole = [label.tolist() for _, label, _ in loader]
    served = iter(loader)
    next(served), next(served)
    assert loader.state_dict()["next_batch"] == 2 and threading.active_count() > num_threads
    served.close()
    assert threading.active_count() == num_threads
    resumed = batches(both[1])
    resumed.load_state_dict(loader.state_dict())
    assert [label.tolist() for _, label, _ in resumed] == whole[2:]


@pytest.mark.parametrize("place", [0, 1])
def test_batches_come_on_the_device_that_is_asked_for(both, place):
    """`meta` computes shapes alone, and refuses to mix with tensors of another device."""
    meta = torch.device("meta")
    shapes = [[part.shape for part in batch] for batch in batches(both[0])]
    for arrays in (both[place], both[place].to(meta)):
        found = list(batches(arrays, device=meta))
        assert [[part.shape for part in batch] for batch in found] == shapes
        assert all(part.device == meta for batch in found for part in batch)


def test_a_copy_on_another_device_has_all_parts(both, monkeypatch):
    monkeypatch.setattr(mapped, "PART_BYTES", 300)  # two images
    for arrays in both:
        assert torch.equal(arrays.to(torch.device("cpu")).images, both[0].images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("free", [0, 1 << 40])
@pytest.mark.parametrize("place", [0, 1])
def test_a_gpu_gets_the_same_batches_from_its_memory_and_from_the_hosts(both, monkeypatch, free, place):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, free))
    loader = batches(both[place], device=torch.device("cuda", 0))
    for one, other in zip(batches(both[0]), loader, strict=True):
        assert all(part.is_cuda for part in other)
        assert all(torch.equal(a, b.cpu()) for a, b in zip(one, other, strict=True))
    assert loader.source.labels.is_cuda == bool(free)


# ---- with Lightning's own loops ----


class Recorder(pl.LightningModule):
    """Writes down what it is shown: (epoch, labels, sum of pixels, so that a flip shows)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, tuple[int, ...], float]] = []
        self.validated: list[tuple[int, ...]] = []

    def training_step(self, batch, batch_idx):
        x0, label = batch
        self.seen.append((self.current_epoch, tuple(label.tolist()), float(x0[..., 0].sum())))
        return self.weight**2

    def validation_step(self, batch, batch_idx):
        self.validated.append(tuple(batch[1].tolist()))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Numbered(pl.LightningDataModule):
    def train_dataloader(self):
        return BatchLoader(numbered(22), batch_size=4, shuffle=True, seed=5, augmentation=FLIP, drop_last=True)

    def val_dataloader(self):
        return BatchLoader(numbered(6), batch_size=4)


def fit(
    folder: Path, *, ckpt_path: Path | None = None, callbacks: list[pl.Callback] | None = None, **trainer
) -> Recorder:
    module = Recorder()
    options = {"max_epochs": 4, "accelerator": "cpu", "logger": False, "default_root_dir": folder} | trainer
    pl.Trainer(
        **options,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=callbacks,
    ).fit(module, datamodule=Numbered(), ckpt_path=ckpt_path, weights_only=True if ckpt_path else None)
    return module


class SaveEverywhere(pl.Callback):
    """A checkpoint at every hook at which `ModelCheckpoint` may save."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        trainer.save_checkpoint(self.folder / "batch" / f"step={trainer.global_step}.ckpt")

    def on_validation_end(self, trainer, module):
        trainer.save_checkpoint(self.folder / "validation" / f"step={trainer.global_step}.ckpt")

    def on_train_epoch_end(self, trainer, module):
        trainer.save_checkpoint(self.folder / "epoch" / f"step={trainer.global_step}.ckpt")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trainer", [{}, {"limit_train_batches": 3}, {"val_check_interval": 2}], ids=str)
def test_resuming_after_any_batch_shows_exactly_the_rest(tmp_path, trainer):
    whole = fit(tmp_path, callbacks=[SaveEverywhere(tmp_path)], **trainer)
    num_batches = trainer.get("limit_train_batches", 5)
    assert [epoch for epoch, _, _ in whole.seen] == [epoch for epoch in range(4) for _ in range(num_batches)]
    assert len({tuple(labels) for _, labels, _ in whole.seen}) == 4 * num_batches  # no epoch repeats another
    checkpoints = sorted(tmp_path.glob("*/*.ckpt"))
    assert len(checkpoints) >= 4 * num_batches + 8
    for checkpoint in checkpoints:
        step = int(checkpoint.stem.split("=")[1])
        assert fit(tmp_path, ckpt_path=checkpoint, **trainer).seen == whole.seen[step:], checkpoint


def test_validation_starts_at_its_first_batch_after_the_sanity_check(tmp_path):
    module = fit(tmp_path, num_sanity_val_steps=1, max_epochs=2)
    assert module.validated == [(0, 1, 2, 3)] + 2 * [(0, 1, 2, 3), (4, 5)]
