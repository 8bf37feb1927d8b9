"""The training step of a diffusion model, as Lightning wants it."""

from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from diffusionlab.diffusion import Denoiser, DenoisingLoss, LossParts, NoiseSchedule, Parameterization
from diffusionlab.training.ema import EMA

T_RANGES = ("low", "mid", "high")
"""The thirds of t in [0, 1] for which the loss is logged apart."""


class DiffusionModule(pl.LightningModule):
    """Trains `network` to denoise; validates and samples with its moving average.

    Batches are (x0, label): (B, C, H, W) float32 in [-1, 1] and (B,) int64. `optimizer` is called with the parameters.
    `lr_warmup_steps`: optimizer steps over which the learning rate rises linearly from 0.
    """

    error_sums: Tensor

    def __init__(
        self,
        *,
        network: nn.Module,
        schedule: NoiseSchedule,
        parameterization: Parameterization,
        loss: DenoisingLoss,
        optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
        ema_decay: float = 0.999,
        lr_warmup_steps: int = 0,
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        if lr_warmup_steps < 0:
            raise ValueError(f"lr_warmup_steps={lr_warmup_steps}: 0 for none, or the number of steps")
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = network.to(memory_format=self.memory_format)
        self.schedule = schedule
        self.parameterization = parameterization
        self.loss = loss
        self.make_optimizer = optimizer
        self.lr_warmup_steps = lr_warmup_steps
        self.ema = EMA(self.network, decay=ema_decay)
        # per range of t: the sum of the errors, and their number, in this epoch
        self.register_buffer("error_sums", torch.zeros(2, len(T_RANGES)), persistent=False)
        self.denoiser = Denoiser(self.network, schedule, parameterization)
        self.ema_denoiser = Denoiser(self.ema.network, schedule, parameterization)

    @property
    def num_classes(self) -> int | None:
        """Classes of the network, which is also the number of its null label; None: unconditional."""
        return self.network.num_classes  # type: ignore[return-value]

    @property
    def can_be_guided(self) -> bool:
        """Whether the null label is trained, without which guidance means nothing."""
        return self.num_classes is not None and self.loss.label_dropout > 0

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """One loss; its unweighted error per third of t goes to the log as train/loss_t_{low,mid,high}."""
        parts = self._loss(self.denoiser, batch, null_label=self.num_classes)
        self.log(
            "train/loss",
            parts.loss,
            on_step=True,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(parts.t),
            sync_dist=True,
        )
        third = (parts.t * len(T_RANGES)).long().clamp(max=len(T_RANGES) - 1)
        self.error_sums.index_add_(1, third, torch.stack([parts.error, torch.ones_like(parts.error)]))
        return {"loss": parts.loss}

    def on_train_epoch_end(self) -> None:
        """The mean error of each range over the epoch and all processes; a range that no t fell into has none."""
        sums, counts = self.trainer.strategy.reduce(self.error_sums.clone(), reduce_op="sum")
        for name, total, count in zip(T_RANGES, sums, counts, strict=True):
            if count > 0:
                self.log(f"train/loss_t_{name}", total / count)
        self.error_sums.zero_()

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """The loss of the averaged weights on noise that is the same in every epoch, so that epochs compare."""
        generator = torch.Generator(self.device).manual_seed(batch_idx)
        parts = self._loss(self.ema_denoiser, batch, generator=generator)
        self.log("val/loss", parts.loss, prog_bar=True, batch_size=len(parts.t), sync_dist=True)

    def _loss(self, denoiser: Denoiser, batch: tuple[Tensor, Tensor], **options: Any) -> LossParts:
        x0, label = batch
        x0 = x0.contiguous(memory_format=self.memory_format)
        return self.loss(denoiser, x0, label if self.num_classes is not None else None, **options)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The optimizer over the network (never its average), with linear warm-up."""
        optimizer = self.make_optimizer(self.network.parameters())
        warmup = LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / max(1, self.lr_warmup_steps)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": warmup, "interval": "step"}}

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, then average: here rather than in a hook, so that a checkpoint never falls between the two."""
        super().optimizer_step(*args, **kwargs)
        self.ema.update(self.network)
