"""The training loss: noise an image, ask the network, weigh the squared error."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from diffusionlab.diffusion.denoiser import Denoiser, per_image

Weighting = Literal["uniform", "min_snr", "edm"]


class LossParts(NamedTuple):
    """The scalar to minimise, and the unweighted error of F for each sample with its time, both (B,), detached."""

    loss: Tensor
    error: Tensor
    t: Tensor


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
    """

    weighting: Weighting = "uniform"
    min_snr_gamma: float = 5.0
    sigma_data: float = 0.5
    label_dropout: float = 0.1
    style_dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.weighting not in get_args(Weighting):
            raise ValueError(f"loss.weighting={self.weighting}: choose from {', '.join(get_args(Weighting))}")
        for name, share in (("label_dropout", self.label_dropout), ("style_dropout", self.style_dropout)):
            if not 0 <= share <= 1:
                raise ValueError(f"loss.{name}={share}: a share between 0 and 1")

    def __call__(
        self,
        denoiser: Denoiser,
        x0: Tensor,
        *labels: Tensor,
        null_labels: Sequence[int] = (),
        generator: torch.Generator | None = None,
    ) -> LossParts:
        """`x0`: (B, C, H, W) of about unit variance; `labels`: (B,) int64 each.

        `null_labels` given, one a label: labels are dropped. `generator`: for repeatable draws.
        """
        t = denoiser.schedule.draw_times(len(x0), x0.device, generator)
        noise = torch.randn(x0.shape, device=x0.device, generator=generator)
        if null_labels:
            labels = self.drop(labels, null_labels, generator)

        alpha, sigma = (per_image(value) for value in denoiser.schedule(t))
        output = denoiser.output(alpha * x0 + sigma * noise, t, *labels)
        target = denoiser.parameterization.target(x0, noise, alpha, sigma)
        error = (output - target).square().mean(dim=(1, 2, 3))
        weight = self.weight(denoiser, *denoiser.schedule(t))
        return LossParts((weight * error).mean(), error.detach(), t)

    def drop(
        self, labels: Sequence[Tensor], null_labels: Sequence[int], generator: torch.Generator | None
    ) -> tuple[Tensor, ...]:
        """The labels with some replaced by their null labels, drawn per sample."""

        def chosen(share: float) -> Tensor:
            return torch.rand(len(labels[0]), device=labels[0].device, generator=generator) < share

        together = chosen(self.label_dropout)
        dropped = [together] + [together | chosen(self.style_dropout) for _ in labels[1:]]
        return tuple(map(torch.where, dropped, null_labels, labels))

    def weight(self, denoiser: Denoiser, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The weight of the squared error of F, shape (B,)."""
        if self.weighting == "uniform":
            return torch.ones_like(alpha)
        snr = (alpha / sigma) ** 2
        on_x0 = snr.clamp(max=self.min_snr_gamma) if self.weighting == "min_snr" else snr + self.sigma_data**-2
        return on_x0 * denoiser.parameterization.scaling(alpha, sigma).c_out ** 2
