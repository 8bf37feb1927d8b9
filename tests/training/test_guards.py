"""What a step must not do, counted rather than timed: read the device, walk the modules, load what it does not use."""

import json
import subprocess
import sys

import pytest
import pytorch_lightning as pl
import torch
from hydra.core.hydra_config import HydraConfig
from torch.utils._python_dispatch import TorchDispatchMode

from diffusionlab.runs.build import build
from diffusionlab.runs.settings import resolve
from diffusionlab.training.ema import EMA
from tests.conftest import ROOT, SMALL

AFTER_THE_FIRST_STEP = """
import json, sys
import pytorch_lightning as pl

class Stop(pl.Callback):
    def on_train_batch_end(self, *_):
        print(json.dumps(sorted(sys.modules)))
        sys.stdout.flush()
        import os
        os._exit(0)
"""
NOT_USED = {"sklearn", "open_clip", "wandb", "timm", "tensorboard", "IPython", "lancedb", "pyarrow", "pandas"}
"""Lightning itself loads matplotlib, scipy and torchvision through torchmetrics."""


def test_nothing_is_loaded_that_a_run_does_not_use(tmp_path, script_environment):
    (tmp_path / "stop.py").write_text(AFTER_THE_FIRST_STEP)
    command = [sys.executable, str(ROOT / "train.py"), *SMALL[:-1], "callbacks=quiet", "~callbacks.sample_grid"]
    command += ["~callbacks.panels", "+callbacks.stop={_target_:stop.Stop}"]
    command = [word for word in command if not word.startswith("callbacks.sample_grid.")]
    environment = script_environment(PYTHONPATH=f"{ROOT / 'src'}:{tmp_path}")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    loaded = next((line for line in done.stdout.splitlines() if line.startswith("[")), None)
    assert loaded is not None, done.stderr[-2000:]
    assert not NOT_USED & {name.partition(".")[0] for name in json.loads(loaded)}


class Reads(TorchDispatchMode):
    """Counts the operators that hand a value to Python, for which a GPU would be waited for, and the foreach ones."""

    def __init__(self):
        super().__init__()
        self.reads = self.foreach = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.reads += "_local_scalar_dense" in str(func)
        self.foreach += "_foreach" in str(func)
        return func(*args, **(kwargs or {}))


class CountReads(pl.Callback):
    """Of the steps after the first two, from the end of one to the end of the next."""

    def __init__(self):
        self.counter, self.steps = Reads(), 0

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 2:
            self.counter.__enter__()
        elif 2 < trainer.global_step <= 8:
            self.steps += 1
        if trainer.global_step == 8:
            self.counter.__exit__(None, None, None)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_step_reads_no_value_back(lab, optimizer):
    """Clipping, the average, the losses of the thirds of t stay on the device between two logs."""
    cfg = lab.compose(
        f"optimizer={optimizer}", "data.num_train=320", "trainer.max_steps=12", "trainer.log_every_n_steps=100"
    )
    experiment = build(resolve(cfg, HydraConfig.get().runtime.choices), lab.root / "run", beat=lambda: None)
    count = CountReads()
    experiment.trainer.callbacks.append(count)
    experiment.trainer.fit(experiment.module, datamodule=experiment.datamodule)
    assert count.steps == 6
    assert count.counter.reads <= count.steps  # the guard against losses that are not finite reads one


def test_the_average_is_one_foreach_however_many_weights_there_are():
    network = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(30)))
    average = EMA(network, decay=0.9)
    average.update(network)
    with Reads() as counter:
        average.update(network)
    assert (counter.foreach, counter.reads) == (1, 0)
