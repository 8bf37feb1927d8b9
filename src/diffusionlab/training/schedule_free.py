"""AdamW without a learning-rate schedule: the optimizer itself averages (Defazio et al. 2024)."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from diffusionlab.errors import UsageError


def ScheduleFree(
    params: Iterable[nn.Parameter],
    *,
    lr: float = 2.5e-3,
    betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """The authors' AdamWScheduleFree, in training mode for good.

    Gradients are taken at y = (1 - beta_1) z + beta_1 x, where z makes the steps and x is the average of all z, each
    weighed by the square of the learning rate (eq. 3 to 5): y is what the network holds, x what is to be used. The
    package would swap the two in the network for every validation and checkpoint, and back. Here the network keeps y,
    which a checkpoint needs to go on, and x is worked out for the moving average (`used_weights`). Raises UsageError
    without the package.
    """
    try:
        from schedulefree import AdamWScheduleFree
    except ImportError:
        raise UsageError(
            "optimizer=schedule_free needs the package schedulefree: type pip install schedulefree, or optimizer=adamw"
        ) from None
    optimizer = AdamWScheduleFree(params, lr=lr, betas=(betas[0], betas[1]), weight_decay=weight_decay)
    optimizer.train()
    return optimizer


def is_schedule_free(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the weights to use are not those that it trains."""
    return all("train_mode" in group for group in optimizer.param_groups)


@torch.no_grad()
def used_weights(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """x of every parameter: y + (1 - 1 / beta_1) (z - y)."""
    found: list[Tensor] = []
    for group in optimizer.param_groups:
        y = list(group["params"])
        z = [optimizer.state[one].get("z", one) for one in y]  # a parameter without a gradient so far has none
        found += torch._foreach_lerp(y, z, 1 - 1 / group["betas"][0])
    return found
