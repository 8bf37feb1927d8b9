"""What the network is asked to predict, and how its output becomes an estimate of the clean image.

All are one affine contract (Karras et al. 2022, eq. 7, written for any alpha and sigma):

    x0_hat = c_skip x_t + c_out F(c_in x_t)

so a schedule and a parameterization combine freely; with alpha^2 + sigma^2 = 1 the formulas are the papers' own.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor


class Scaling(NamedTuple):
    """The three factors of the contract, each of the shape of alpha and sigma."""

    c_in: Tensor
    c_skip: Tensor
    c_out: Tensor


class Parameterization(ABC):
    """How F, the raw output of the network, stands for x0."""

    needs_terminal_signal = False
    """True where x0 cannot be recovered at alpha = 0 (epsilon): incompatible with zero_terminal_snr."""

    @abstractmethod
    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        """c_in, c_skip and c_out at these noise levels."""

    @abstractmethod
    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The F that makes x0_hat = x0; alpha and sigma broadcast against x0."""


class Epsilon(Parameterization):
    """F is the noise (Ho et al. 2020, eq. 14)."""

    needs_terminal_signal = True

    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        return Scaling(_unit_variance(alpha, sigma), 1 / alpha, -sigma / alpha)

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return noise


class X0(Parameterization):
    """F is the clean image itself."""

    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        return Scaling(_unit_variance(alpha, sigma), 0 * alpha, 0 * alpha + 1)

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return x0


class V(Parameterization):
    """F is the velocity, alpha noise - sigma x0 (Salimans & Ho 2022, app. D), over sqrt(alpha^2 + sigma^2)."""

    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        c_in = _unit_variance(alpha, sigma)
        return Scaling(c_in, alpha * c_in**2, -sigma * c_in)

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (alpha * noise - sigma * x0) * _unit_variance(alpha, sigma)


class Flow(Parameterization):
    """F is the velocity of the straight path, noise - x0 (Lipman et al. 2023, eq. 23), whatever the schedule.

    From x_t = alpha x0 + sigma (F + x0) follows x0_hat = (x_t - sigma F) / (alpha + sigma). As with the others, the
    network sees x_t at unit variance.
    """

    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        return Scaling(_unit_variance(alpha, sigma), 1 / (alpha + sigma), -sigma / (alpha + sigma))

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return noise - x0


class EDM(Parameterization):
    """F mixes image and noise so that input and target keep unit variance (Karras et al. 2022, table 1).

    `sigma_data`: standard deviation of the data, in units of [-1, 1] images.
    """

    def __init__(self, *, sigma_data: float = 0.5) -> None:
        if sigma_data <= 0:
            raise ValueError(f"parameterization.sigma_data={sigma_data}: must be above 0")
        self.sigma_data = sigma_data

    def scaling(self, alpha: Tensor, sigma: Tensor) -> Scaling:
        c_in = (alpha**2 * self.sigma_data**2 + sigma**2).rsqrt()
        return Scaling(c_in, self.sigma_data**2 * alpha * c_in**2, self.sigma_data * sigma * c_in)

    def target(self, x0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        # (x0 - c_skip x_t) / c_out, multiplied out so that nothing is divided by a vanishing sigma
        c_in = (alpha**2 * self.sigma_data**2 + sigma**2).rsqrt()
        return c_in * (sigma * x0 / self.sigma_data - self.sigma_data * alpha * noise)


def _unit_variance(alpha: Tensor, sigma: Tensor) -> Tensor:
    """The factor that gives x_t unit variance where the data have it; 1 for variance-preserving schedules."""
    return (alpha**2 + sigma**2).rsqrt()
