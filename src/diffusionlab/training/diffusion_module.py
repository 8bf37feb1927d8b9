"""The training step of a diffusion model, as Lightning wants it."""

from typing import Any

import torch
from torch import Tensor, nn

from diffusionlab import tensors
from diffusionlab.diffusion import (
    Codec,
    Denoiser,
    DenoisingLoss,
    Guidance,
    Labels,
    LossParts,
    NoiseSchedule,
    Parameterization,
    Sampler,
    SampleRequest,
    Share,
    Similarity,
    TrajectoryLoss,
    can_be_guided,
    sample_batches,
)
from diffusionlab.models import Network
from diffusionlab.training.averaged_module import AveragedModule
from diffusionlab.training.step_buffer import StepBuffer

T_RANGES = ("low", "mid", "high")
"""The thirds of t in [0, 1] for which the loss is logged apart."""


class DiffusionModule(AveragedModule):
    """Trains `network` to denoise what `codec` makes of the images; validates and samples with its moving average.

    Batches are (images, *labels): (B, C, H, W) float32 in [-1, 1], and each label (B,) int64; the network's
    `null_labels` say how many of them it takes. `similarity`: for loss.clip_weight; in training alone, so that the
    losses of runs with and without it compare in validation. `teacher`: the network that `TrajectoryLoss` distils, of
    the same schedule and parameterization; it is neither trained nor saved.
    """

    draws_for_whole_batch = True
    network: Network

    def __init__(
        self,
        *,
        network: Network,
        codec: Codec,
        schedule: NoiseSchedule,
        parameterization: Parameterization,
        loss: DenoisingLoss | TrajectoryLoss,
        similarity: Similarity | None = None,
        teacher: nn.Module | None = None,
        **training: Any,
    ) -> None:
        super().__init__(network=network, **training)
        self.codec = codec
        self.schedule = schedule
        self.parameterization = parameterization
        self.loss = loss
        self.similarity = similarity
        self.teacher = None if teacher is None else Denoiser(teacher, schedule, parameterization)
        # per range of t: the sum of the errors, and their number, in this epoch; no buffer, which DDP would take from
        # the first process at every step
        self.error_sums = torch.zeros(2, len(T_RANGES))
        self._errors = StepBuffer(self._add_up_errors)
        self.denoiser = Denoiser(self.network, schedule, parameterization)
        self.ema_denoiser = Denoiser(self.ema.network, schedule, parameterization)

    @property
    def null_labels(self) -> tuple[int, ...]:
        """One for each label that the network takes: the class, then the style."""
        return self.network.null_labels

    @property
    def x0_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what the network sees."""
        return self.network.in_channels, self.network.image_size, self.network.image_size

    def samples(
        self, sampler: Sampler, labels: Labels, *, num_samples: int, guidance_scale: float, seed: int
    ) -> Tensor:
        """(num_samples, C, H, W) uint8 on the CPU, of the averaged weights.

        `guidance_scale` counts only where labels were dropped in training.
        """
        request = SampleRequest(
            num_samples=num_samples,
            shape=self.x0_shape,
            labels=labels,
            guidance=Guidance(scale=guidance_scale if self.can_be_guided else 1.0),
            seed=seed,
        )
        drawn = sample_batches(self.ema_denoiser, self.codec, sampler, request, batch_size=250, device=self.device)
        return tensors.to_uint8(torch.cat([batch.cpu() for batch in drawn]))

    def export_state_dict(self) -> dict[str, Tensor]:
        """The averaged network and, under `codec.`, what leads back to images."""
        codec = {f"codec.{name}": tensor for name, tensor in self.codec.state_dict().items()}
        return super().export_state_dict() | codec

    @property
    def can_be_guided(self) -> bool:
        """Whether the null label is trained, without which guidance means nothing."""
        return can_be_guided(self.null_labels, self.loss.label_dropout)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> dict[str, Tensor]:
        """One loss; its unweighted error per third of t goes to the log as train/loss_t_{low,mid,high}.

        Callbacks are handed all `LossParts`.
        """
        of_clip = self.similarity
        similarity = None if of_clip is None else lambda x0_hat: of_clip(x0_hat, batch[1])
        parts = self._loss(self.denoiser, batch, training=True, similarity=similarity)
        self.log_training(parts.loss, **({} if parts.clip_distance is None else {"clip_distance": parts.clip_distance}))
        self._errors.add(error=parts.error, t=parts.t)
        return parts._asdict()

    def _add_up_errors(self, error: Tensor, t: Tensor) -> None:
        third = (t * len(T_RANGES)).long().clamp(max=len(T_RANGES) - 1)
        self.error_sums = self.error_sums.to(third.device)
        self.error_sums.index_add_(1, third, torch.stack([error, torch.ones_like(error)]))

    def on_train_epoch_end(self) -> None:
        """The mean error of each range over the epoch and all processes; a range that no t fell into has none."""
        super().on_train_epoch_end()
        self._errors.flush()
        sums, counts = self.trainer.strategy.reduce(self.error_sums.clone(), reduce_op="sum")
        for name, total, count in zip(T_RANGES, sums, counts, strict=True):
            if count > 0:
                self.log(f"train/loss_t_{name}", total / count)
        self.error_sums.zero_()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Also the errors by t of an unfinished epoch."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["training_errors"] = self.error_sums.cpu(), self._errors.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Undo `on_save_checkpoint`."""
        super().on_load_checkpoint(checkpoint)
        if "training_errors" in checkpoint:
            sums, steps = checkpoint["training_errors"]
            self.error_sums = sums.to(self.device)
            self._errors.load_state_dict(steps)

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """The loss of the averaged weights on noise that is the same in every epoch, so that epochs compare."""
        generator = torch.Generator(self.device).manual_seed(batch_idx)
        parts = self._loss(self.ema_denoiser, batch, generator=generator)
        self.log("val/loss", parts.loss, prog_bar=True, batch_size=len(parts.t), sync_dist=True)

    def on_fit_start(self) -> None:
        """The teacher is no part of this module, so that no checkpoint holds it: it is moved by hand."""
        if self.teacher is not None:
            self.teacher.network.to(self.device, memory_format=self.memory_format)  # type: ignore[attr-defined]

    def _loss(self, denoiser: Denoiser, batch: tuple[Tensor, ...], **options: Any) -> LossParts:
        images, *labels = batch
        if self.teacher is not None:
            options["teacher"] = self.teacher
        x0 = self.codec.encode(images.contiguous(memory_format=self.memory_format))
        share = Share(self.global_rank, self.trainer.world_size)
        return self.loss(denoiser, x0, Labels.of(labels, self.null_labels), share=share, **options)
