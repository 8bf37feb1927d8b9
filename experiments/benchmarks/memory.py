"""The most memory that some steps of a training take: a process of its own, which prints it in MiB beyond its imports.

python experiments/benchmarks/memory.py model=simple_unet hardware.precision=32-true
"""

import resource
import subprocess
import sys
from pathlib import Path

SHORT = (
    "trainer.max_epochs=-1", "trainer.max_steps=4", "trainer.limit_val_batches=0", "callbacks=quiet",
    "~callbacks.sample_grid", "~callbacks.panels", "logger=none", "data.num_train=500", "data.num_val=20",
)  # fmt: skip


def peak_mib() -> float:
    """MiB that this process has had at most: `ru_maxrss` of a child begins with what its parent had, VmHWM does not."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: bytes
    told = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(told.split()[1]) / 1024


def of_training(*overrides: str) -> float:
    """MiB of a training with these overrides, in a process of its own."""
    told = subprocess.run([sys.executable, __file__, *overrides], check=True, capture_output=True, text=True).stdout
    return float(told.splitlines()[-1])


def main() -> None:
    """Train."""
    import pytorch_lightning  # noqa: F401
    import torch
    from compose import QUIET, experiment_of

    torch.set_num_threads(1)
    imported = peak_mib()
    experiment = experiment_of(*QUIET, *SHORT, *sys.argv[1:])
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    print(peak_mib() - imported)


if __name__ == "__main__":
    main()
