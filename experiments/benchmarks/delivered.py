"""A training step as `train.py` makes it, over the same in float32 as any PyTorch process makes it.

    python experiments/benchmarks/delivered.py simple_unet conditional_unet

Each in a process of its own, in turns: the allocator (`runs/allocator.py`) is one of a process, which bench.py, with
all its loops in one, leaves as it is. Processor time of one thread, the median of the steps of a process; the ratio of
each turn, and their median.
"""

import subprocess
import sys
import time
from statistics import median

BARE = ("logger=none", "data.num_train=2000", "data.num_val=100", "data.batch_size=64")
TURNS, STEPS, WARM_UP = 3, 6, 2


def seconds_of_step(network: str, *, lab: bool) -> float:
    """Of a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--step", network, "lab" if lab else "float32"],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout.splitlines()[-1])


def measure(network: str, *, lab: bool) -> float:
    """Median seconds of a step in this process."""
    import torch
    from compose import QUIET, experiment_of
    from loops import tight_loop

    from diffusionlab.runs.allocator import keep_freed_memory

    torch.set_num_threads(1)
    if lab:
        keep_freed_memory()
    experiment = experiment_of(*QUIET, *BARE, f"model={network}")
    bf16 = lab and str(experiment.trainer.precision) == "bf16-mixed"
    step = tight_loop(experiment.module, experiment.datamodule, torch.device("cpu"), bf16=bf16)
    seconds = []
    for _ in range(WARM_UP + STEPS):
        begun = time.process_time()
        step()
        seconds.append(time.process_time() - begun)
    return median(seconds[WARM_UP:])


def main() -> None:
    """The ratios of each network that is named."""
    if sys.argv[1:2] == ["--step"]:
        print(measure(sys.argv[2], lab=sys.argv[3] == "lab"))
        return
    for network in sys.argv[1:]:
        ratios = [seconds_of_step(network, lab=False) / seconds_of_step(network, lab=True) for _ in range(TURNS)]
        told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{network:<24} {median(ratios):.2f} times  ({told})", flush=True)


if __name__ == "__main__":
    main()
