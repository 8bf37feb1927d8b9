"""Muon for the hidden weights of a network, AdamW for the rest, as one optimizer."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal for matrices and convolutions (Jordan et al. 2024), AdamW for all other parameters.

    A convolution (O, I, h, w) counts as the matrix (O, I h w). torch's Muon takes matrices alone: it is handed views of
    the weights that share their memory. `lr` is that of AdamW; Muon's updates are scaled to the size that AdamW's have
    (Liu et al. 2025, eq. 4), so one learning rate serves both. The first and the last weight that the network has are
    left to AdamW, as the authors of Muon advise for embeddings and heads.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ) -> None:
        given = list(params)
        matrices = [number for number, parameter in enumerate(given) if parameter.ndim in (2, 4)]
        hidden = set(matrices[1:-1])
        groups = [[one for number, one in enumerate(given) if (number in hidden) is chosen] for chosen in (False, True)]
        super().__init__([{"params": group} for group in groups if group], {"lr": lr})
        self._hidden = groups[1]
        self._views = [nn.Parameter(_matrix(parameter.detach(), parameter)) for parameter in self._hidden]
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(groups[0], lr, (betas[0], betas[1]), weight_decay=weight_decay, fused=True)
        ]
        if self._views:
            self._parts.append(
                torch.optim.Muon(
                    self._views, lr, weight_decay=weight_decay, momentum=momentum, adjust_lr_fn="match_rms_adamw"
                )
            )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of both parts at the learning rates of this optimizer's groups."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for view, parameter in zip(self._views, self._hidden, strict=True):
            view.data = _matrix(parameter.detach(), parameter)  # the memory may be another since: a new device, a load
            view.grad = None if parameter.grad is None else _matrix(parameter.grad, parameter)
        for group, part in zip(self.param_groups, self._parts, strict=True):
            part.param_groups[0]["lr"] = group["lr"]
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The groups, and the state of each part."""
        return super().state_dict() | {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Undo `state_dict`."""
        super().load_state_dict({name: state_dict[name] for name in ("state", "param_groups")})
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)


def _matrix(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
    """`tensor`, shaped as `parameter`, as (O, the rest); of the parameter a view, also if it is channels_last."""
    if parameter.ndim == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.reshape(len(tensor), -1)
