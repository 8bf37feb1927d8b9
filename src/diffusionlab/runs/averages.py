"""The averages that a run has kept along its training, and those that are made of them after it."""

from contextlib import ExitStack
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from diffusionlab.errors import UsageError, first_line
from diffusionlab.training.post_hoc_ema import PowerProfile, combination, profile_of
from diffusionlab.untrusted import inside

AVERAGES = "averages/*.safetensors"


def average_of(folder: Path, ema: float, device: torch.device | str) -> dict[str, Tensor]:
    """The parameters of the run in `folder` by name, averaged up to its last step as `ema` asks.

    `ema`: the relative width of a power-function profile if below 1, else a half-life in optimizer steps. Raises
    ValueError for another number, UsageError if the run has kept no averages or they cannot be read.
    """
    wanted = profile_of(ema)
    files = [path for path in sorted(folder.glob(AVERAGES)) if inside(folder, str(path.relative_to(folder)))]
    if not files:
        raise UsageError(f"ema={ema:g}: the run in {folder} has kept no averages: omit it, or train with ema=post_hoc")
    try:
        with ExitStack() as stack:
            kept = [stack.enter_context(safe_open(path, framework="pt", device=str(device))) for path in files]
            about = [file.metadata() or {} for file in kept]
            places = [(PowerProfile(float(one["width"])), int(one["step"])) for one in about]
            factors = combination(places, wanted, max(step for _, step in places))
            state = {name: torch.zeros(()).to(device) for name in sorted(kept[-1].keys())}
            for factor, file in zip(factors.tolist(), kept, strict=True):
                state = {name: total + factor * file.get_tensor(name).float() for name, total in state.items()}
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise UsageError(f"ema={ema:g}: {folder}/averages cannot be read: {first_line(error)}") from error
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise UsageError(f"ema={ema:g}: {folder}/averages hold numbers that are not finite")
    return state
