"""The training loss: noise an image, ask the network, weigh the squared error."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from diffusionlab.diffusion.augmentation import Augmentation
from diffusionlab.diffusion.denoiser import Denoiser, per_image
from diffusionlab.diffusion.labels import NO_LABELS, Labels
from diffusionlab.diffusion.noise import WHOLE, Share
from diffusionlab.diffusion.times import TimeDistribution

Weighting = Literal["uniform", "min_snr", "edm"]


class LossParts(NamedTuple):
    """The scalar to minimise, and the unweighted error of F for each sample with its time, both (B,), detached.

    `clip_distance`: mean of 1 - similarity, weighed as it went into the loss, shape (), detached; None without CLIP.
    """

    loss: Tensor
    error: Tensor
    t: Tensor
    clip_distance: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class DenoisingLoss:
    """Weighted mean squared error of the network's output against its target.

    `weighting` is a weight W on the error of x0; since x0_hat - x0 = c_out (F - F*), F is weighed by W c_out^2:

    - `uniform`: every F counts the same (for epsilon: the simple loss of Ho et al. 2020, eq. 14)
    - `min_snr`: W = min(snr, min_snr_gamma) (Hang et al. 2023, eq. 7)
    - `edm`: W = snr + 1 / sigma_data^2 (Karras et al. 2022, table 1, in terms of the SNR)

    `label_dropout` is the share of samples all of whose labels are replaced by their null labels, so that one network
    learns both scores of classifier-free guidance (Ho & Salimans 2022, alg. 1). Of the labels after the first, the
    style, a share of `style_dropout` is replaced beside that, so that a class can be asked for in any style.

    `augment`: the probability of each change of `Augmentation`, of which the network is told; 0 for none.

    `times`: the times that training draws.

    `clip_weight`: of 1 - similarity of x0_hat to its class, None for none. Each sample counts by snr / (1 + snr),
    alpha^2 of a variance-preserving schedule: x0_hat is an image where little noise is left, and a blur where all is.
    """

    weighting: Weighting = "uniform"
    min_snr_gamma: float = 5.0
    sigma_data: float = 0.5
    label_dropout: float = 0.1
    style_dropout: float = 0.1
    augment: float = 0.0
    clip_weight: float | None = None
    times: TimeDistribution = field(default_factory=TimeDistribution)

    def __post_init__(self) -> None:
        if self.weighting not in get_args(Weighting):
            raise ValueError(f"loss.weighting={self.weighting}: choose from {', '.join(get_args(Weighting))}")
        for name in ("label_dropout", "style_dropout", "augment"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"loss.{name}={getattr(self, name)}: a share between 0 and 1")
        if self.clip_weight is not None and self.clip_weight < 0:
            raise ValueError(f"loss.clip_weight={self.clip_weight}: at least 0, or null for none")

    def __call__(
        self,
        denoiser: Denoiser,
        x0: Tensor,
        labels: Labels = NO_LABELS,
        *,
        training: bool = False,
        generator: torch.Generator | None = None,
        similarity: Callable[[Tensor], Tensor] | None = None,
        share: Share = WHOLE,
    ) -> LossParts:
        """`x0`: (B, C, H, W) of about unit variance.

        `training`: whether to drop labels and to augment. `generator`: for repeatable draws. `similarity`: of each
        x0_hat to the class of its x0, (B,) in [-1, 1], whether that label is dropped or not; for `clip_weight`.
        `share`: which rows these are of a batch that several processes share.
        """
        t = share(lambda count: self.times.draw(denoiser.schedule, count, x0.device, generator), len(x0))
        noise = share(lambda count: torch.randn((count, *x0.shape[1:]), device=x0.device, generator=generator), len(x0))
        if training and labels:
            labels = self.drop(labels, generator, share)
        augment_label = None
        if training and self.augment:
            augmentation = Augmentation(self.augment)
            augment_label = share(lambda count: augmentation.draw(count, x0.device, generator), len(x0))
            x0 = augmentation(x0, augment_label)

        alpha, sigma = (per_image(value) for value in denoiser.schedule(t))
        x_t = alpha * x0 + sigma * noise
        output = denoiser.output(x_t, t, *labels, augment_label=augment_label)
        target = denoiser.parameterization.target(x0, noise, alpha, sigma)
        error = (output - target).square().mean(dim=(1, 2, 3))
        weight = self.weight(denoiser, t)
        loss = (weight * error).mean()
        if similarity is None or not self.clip_weight:
            return LossParts(loss, error.detach(), t)
        snr = denoiser.schedule.snr(t)
        distance = (snr / (1 + snr) * (1 - similarity(denoiser.x0_from(output, x_t, t)))).mean()
        return LossParts(loss + self.clip_weight * distance, error.detach(), t, distance.detach())

    def drop(self, labels: Labels, generator: torch.Generator | None, share: Share = WHOLE) -> Labels:
        """The labels with some replaced by their null labels, drawn per sample."""
        assert labels.label is not None
        device = labels.label.device

        def chosen(part: float) -> Tensor:
            return share(lambda count: torch.rand(count, device=device, generator=generator), len(labels)) < part

        together = chosen(self.label_dropout)
        return labels.dropped([together] + [together | chosen(self.style_dropout) for _ in [*labels][1:]])

    def weight(self, denoiser: Denoiser, t: Tensor) -> Tensor:
        """The weight of the squared error of F, shape (B,)."""
        if self.weighting == "uniform":
            return torch.ones_like(t)
        snr = denoiser.schedule.snr(t)
        on_x0 = snr.clamp(max=self.min_snr_gamma) if self.weighting == "min_snr" else snr + self.sigma_data**-2
        return on_x0 * denoiser.parameterization.scaling(*denoiser.schedule(t)).c_out ** 2
