"""The denoiser: a network, a schedule and a parameterization become one function (x_t, t, *labels) -> x0_hat."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from diffusionlab.diffusion.parameterization import Parameterization
from diffusionlab.diffusion.schedule import NoiseSchedule

Network = Callable[..., Tensor]
"""(c_in x_t, time input, *labels) -> F, the image's shape: the one thing asked of every network.

One that is told of augmentation also takes `augment_label`, (B, 9)."""


@dataclass(frozen=True)
class Denoiser:
    """Estimates the clean image: x0_hat = c_skip x_t + c_out F(c_in x_t), (B, C, H, W) in and out."""

    network: Network
    schedule: NoiseSchedule
    parameterization: Parameterization

    def __call__(self, x_t: Tensor, t: Tensor, *labels: Tensor) -> Tensor:
        """`t`: (B,) in (0, 1]; `labels`: the class, then the style, each (B,) int64, null labels included.

        None of them for an unconditional network.
        """
        return self.x0_from(self.output(x_t, t, *labels), x_t, t)

    def output(self, x_t: Tensor, t: Tensor, *labels: Tensor, augment_label: Tensor | None = None) -> Tensor:
        """F, what the network itself says, in float32 whatever precision it ran in.

        `augment_label`: what was done to the images, (B, 9), in training alone; None is nothing.
        """
        alpha, sigma = (per_image(value) for value in self.schedule(t))
        c_in = self.parameterization.scaling(alpha, sigma).c_in
        told = {} if augment_label is None else {"augment_label": augment_label}
        return self.network(c_in * x_t, self.schedule.time_input(t), *labels, **told).float()

    def x0_from(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """x0_hat from F."""
        alpha, sigma = (per_image(value) for value in self.schedule(t))
        scaling = self.parameterization.scaling(alpha, sigma)
        return scaling.c_skip * x_t + scaling.c_out * output


def per_image(value: Tensor) -> Tensor:
    """(B,) -> (B, 1, 1, 1), to multiply images with."""
    return value.view(-1, 1, 1, 1)
