"""The same training written as a bare PyTorch loop, or for Lightning alone: what the lab's step is measured against."""

import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.diffusion import Labels
from diffusionlab.training import AutoencoderModule, AveragedModule


def batches(data: ImageDataModule, device: torch.device) -> Iterator[tuple[Tensor, ...]]:
    """Training batches without end, on the device."""
    loader = data.train_dataloader()
    for epoch in itertools.count():
        loader.set_epoch(epoch)
        for batch in loader:
            yield tuple(part.to(device) for part in batch)


def tight_loop(
    module: AveragedModule,
    data: ImageDataModule,
    device: torch.device,
    *,
    bf16: bool,
    tight: bool = True,
    compile_mode: str | None = None,
) -> Callable[[], Any]:
    """One step of a copy of the network: same loss, clipping, optimizer and average, no Lightning, nothing logged.

    `tight`: with the fused optimizer, as a good hand-written loop has it; without it, as torch's examples do.
    """
    module = copy.deepcopy(module).to(device)
    network, average = module.network, copy.deepcopy(module.network).requires_grad_(False)
    if compile_mode is not None:
        network.compile(mode=compile_mode)
    optimizer = module.make_optimizer(network.parameters())
    for group in optimizer.param_groups:
        group["fused"] = tight
    stream = batches(data, device)
    weights, averages = list(network.parameters()), list(average.parameters())

    def step() -> Tensor:
        optimizer.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = _loss(module, network, next(stream))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 0.001)
        return loss

    return step


def naive_loop(module: AveragedModule, data: ImageDataModule) -> Callable[[], Any]:
    """The same step as a notebook has it: float32, contiguous, an optimizer tensor by tensor, an average likewise."""
    module = copy.deepcopy(module)
    module.network.to(memory_format=torch.contiguous_format)
    module.memory_format = torch.contiguous_format
    network, average = module.network, copy.deepcopy(module.network).requires_grad_(False)
    optimizer = module.make_optimizer(network.parameters())
    for group in optimizer.param_groups:
        group["fused"], group["foreach"] = False, False
    stream = batches(data, torch.device("cpu"))

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = _loss(module, network, next(stream))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(weight, 0.001)
        return loss

    return step


class _Minimal(pl.LightningModule):
    """The step of `tight_loop` as Lightning's documentation writes one; nothing is logged."""

    def __init__(self, module: AveragedModule) -> None:
        super().__init__()
        module = copy.deepcopy(module)
        self.network, self.average = module.network, copy.deepcopy(module.network).requires_grad_(False)
        self.weights, self.averages = list(self.network.parameters()), list(self.average.parameters())
        self.parts = (module,)  # in a tuple, so that Lightning does not take it for a part of this module

    def training_step(self, batch: tuple[Tensor, ...], _: int) -> Tensor:
        return _loss(self.parts[0], self.network, batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.parts[0].make_optimizer(self.weights)

    @torch.no_grad()
    def on_train_batch_end(self, *_: Any) -> None:
        torch._foreach_lerp_(self.averages, self.weights, 0.001)


class _Turns(pl.Callback):
    """Lets a training make one step at a time, when it is asked to."""

    def __init__(self) -> None:
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)

    def on_train_start(self, *_: Any) -> None:
        self.go.acquire()

    def on_train_batch_end(self, *_: Any) -> None:
        self.done.release()
        self.go.acquire()


def lightning_loop(module: AveragedModule, data: ImageDataModule, *, precision: str) -> Callable[[], Any]:
    """One step of a bare Lightning Trainer, on one CPU.

    The training has a thread of its own and waits there between two steps, which costs a step some 0.02 ms.
    """
    turns = _Turns()
    trainer = pl.Trainer(
        accelerator="cpu", devices=1, precision=precision, max_epochs=-1, gradient_clip_val=1.0, callbacks=[turns],
        logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    loader = data.train_dataloader()
    threading.Thread(target=trainer.fit, args=(_Minimal(module), loader), daemon=True).start()

    def step() -> None:
        turns.go.release()
        turns.done.acquire()

    return step


def _loss(module: AveragedModule, network: torch.nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    images = batch[0].contiguous(memory_format=module.memory_format)
    if isinstance(module, AutoencoderModule):
        return module.loss(network, images, batch[1]).loss
    x0 = module.codec.encode(images)
    return module.loss(module.denoiser, x0, Labels.of(batch[1:], module.null_labels), training=True).loss
