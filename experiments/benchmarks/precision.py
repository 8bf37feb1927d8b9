"""How far samples in bfloat16 lie from those in float32, beside how far two samplers lie apart; and how fast each is.

    python experiments/benchmarks/precision.py RUN_FOLDER

On a machine that computes in bfloat16, of a run that was trained in bf16-mixed; one thread, in turns.
"""

import sys
from dataclasses import replace
from functools import partial

import torch
from alternate import alternate

from diffusionlab.diffusion import DPMSolverPP2M, Heun
from diffusionlab.runs.hardware import InBfloat16
from diffusionlab.runs.run import Run

NUM_SAMPLES = 100
TEN_CALLS = DPMSolverPP2M(num_steps=10, spacing="log_snr")
MORE_CALLS = Heun(num_steps=18, spacing="log_snr")


def main(folder: str) -> None:
    """Distances, then the time."""
    torch.set_num_threads(1)
    mixed, single = Run(folder), Run(folder)
    asked = mixed.model.denoiser.network
    if not isinstance(asked, InBfloat16):
        raise SystemExit("this machine, or this run, does not compute in bfloat16")
    denoiser = replace(single.model.denoiser, network=single.model.network)
    single.model = replace(single.model, denoiser=denoiser)  # type: ignore[misc]
    draw = {"bfloat16": partial(mixed.sample, NUM_SAMPLES), "float32": partial(single.sample, NUM_SAMPLES)}
    images = {name: one(sampler=TEN_CALLS, guidance_scale=1.0).float() for name, one in draw.items()}
    other = draw["float32"](sampler=MORE_CALLS, guidance_scale=1.0).float()
    few = mixed.sample(3, sampler=TEN_CALLS, guidance_scale=1.0).float()
    print(f"bfloat16 from float32: {_rms(images['bfloat16'], images['float32']):.2f} levels of 255, root mean square")
    print(f"{MORE_CALLS.num_steps} steps of Heun from 10 of DPM-Solver++(2M): {_rms(other, images['float32']):.2f}")
    print(f"3 samples from the same among {NUM_SAMPLES}: {_rms(few, images['bfloat16'][:3]):.2f}")
    steps = {name: partial(one, sampler=TEN_CALLS, guidance_scale=1.0) for name, one in draw.items()}
    ratio = alternate(steps, turns=3).ratio("float32", "bfloat16")
    print(f"float32 over bfloat16: {ratio:.2f} times the processor time")


def _rms(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).square().mean().sqrt())


if __name__ == "__main__":
    main(sys.argv[1])
