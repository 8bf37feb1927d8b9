"""What the machine computes in: the choice behind hardware.precision=auto, and sampling in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


def best_precision(accelerator: str) -> str:
    """bf16-mixed where bfloat16 is the machine's own arithmetic, on a CUDA device or on the CPU; else 32-true."""
    return "bf16-mixed" if has_bfloat16(device_type(accelerator)) else "32-true"


def device_type(accelerator: str) -> str:
    """cuda, mps, cpu or another name: what Lightning takes for this trainer.accelerator."""
    if accelerator in ("auto", "gpu"):
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    return accelerator


def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers (AVX-512-BF16, AMX, Arm BF16) and torch makes use of it.

    Other processors take bfloat16 too, but emulate it, slower than float32.
    """
    capabilities: dict[str, bool | int] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.10 or newer
    has_it = any(present for name, present in capabilities.items() if name.endswith("bf16"))
    return has_it and torch.backends.mkldnn.is_available()


def has_bfloat16(device: torch.device | str) -> bool:
    """Whether bfloat16 is the device's own arithmetic."""
    name = device.type if isinstance(device, torch.device) else device.partition(":")[0]
    fast = {"cuda": _cuda_has_bfloat16, "cpu": cpu_has_bfloat16}.get(name, lambda: False)
    return fast()


@dataclass(frozen=True)
class InBfloat16:
    """A network that is asked in mixed precision, and with the colors of a pixel beside one another."""

    network: nn.Module

    def __call__(self, x: Tensor, *inputs: Tensor, **told: Tensor) -> Tensor:
        """As the network's own; `x` is (B, C, H, W)."""
        with torch.autocast(x.device.type, torch.bfloat16):
            output: Tensor = self.network(x.contiguous(memory_format=torch.channels_last), *inputs, **told)
            return output


def as_trained(network: nn.Module, hardware: Any, device: torch.device | str) -> nn.Module | InBfloat16:
    """The network in the precision and layout of its training, if `device` has them.

    `hardware`: the settings of that name, which in a stranger's file may be anything.
    """
    precision = hardware.get("precision") if isinstance(hardware, Mapping) else None
    if precision != "bf16-mixed" or not has_bfloat16(device):
        return network
    return InBfloat16(network.to(memory_format=torch.channels_last))


def _cuda_has_bfloat16() -> bool:
    return torch.cuda.is_bf16_supported(including_emulation=False)


def in_one_line(accelerator: str, precision: str, *, channels_last: bool) -> str:
    """`cpu (2 threads), bf16-mixed, channels_last`, and what is wrong with that where something is."""
    device = device_type(accelerator)
    name = {"cuda": _cuda_name, "cpu": lambda: f"cpu ({torch.get_num_threads()} threads)"}.get(device, lambda: device)
    line = f"{name()}, {precision}" + (", channels_last" if channels_last else "")
    if device == "cpu" and precision.startswith("bf16") and not cpu_has_bfloat16():
        line += "; this processor emulates bfloat16, slower than float32: type hardware.precision=32-true"
    return line


def _cuda_name() -> str:
    return torch.cuda.get_device_name()
