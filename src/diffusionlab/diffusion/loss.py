"""The training loss: noise an image, ask the network, weigh the squared error."""

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

    `label_dropout` is the share of labels replaced by the null label, drawn per sample, so that one network learns
    both scores of classifier-free guidance (Ho & Salimans 2022, alg. 1).
    """

    weighting: Weighting = "uniform"
    min_snr_gamma: float = 5.0
    sigma_data: float = 0.5
    label_dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.weighting not in get_args(Weighting):
            raise ValueError(f"loss.weighting={self.weighting}: choose from {', '.join(get_args(Weighting))}")
        if not 0 <= self.label_dropout <= 1:
            raise ValueError(f"loss.label_dropout={self.label_dropout}: a share between 0 and 1")

    def __call__(
        self,
        denoiser: Denoiser,
        x0: Tensor,
        label: Tensor | None = None,
        *,
        null_label: int | None = None,
        generator: torch.Generator | None = None,
    ) -> LossParts:
        """`x0`: (B, C, H, W) in [-1, 1]. `null_label` given: labels are dropped. `generator`: for repeatable draws."""
        t = denoiser.schedule.draw_times(len(x0), x0.device, generator)
        noise = torch.randn(x0.shape, device=x0.device, generator=generator)
        if label is not None and null_label is not None:
            dropped = torch.rand(len(label), device=label.device, generator=generator) < self.label_dropout
            label = torch.where(dropped, null_label, label)

        alpha, sigma = (per_image(value) for value in denoiser.schedule(t))
        output = denoiser.output(alpha * x0 + sigma * noise, t, label)
        target = denoiser.parameterization.target(x0, noise, alpha, sigma)
        error = (output - target).square().mean(dim=(1, 2, 3))
        weight = self.weight(denoiser, *denoiser.schedule(t))
        return LossParts((weight * error).mean(), error.detach(), t)

    def weight(self, denoiser: Denoiser, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The weight of the squared error of F, shape (B,)."""
        if self.weighting == "uniform":
            return torch.ones_like(alpha)
        snr = (alpha / sigma) ** 2
        on_x0 = snr.clamp(max=self.min_snr_gamma) if self.weighting == "min_snr" else snr + self.sigma_data**-2
        return on_x0 * denoiser.parameterization.scaling(alpha, sigma).c_out ** 2
