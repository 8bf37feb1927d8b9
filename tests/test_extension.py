"""Classes of the user's own module train, resume, sample, evaluate and are drawn; a stranger's run runs no code."""

import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import diffusionlab
from diffusionlab.commands.evaluate import evaluate
from diffusionlab.commands.sample import sample
from diffusionlab.commands.visualize import visualize
from diffusionlab.errors import UntrustedCode, UsageError
from diffusionlab.runs.explain import explain
from tests.conftest import CONF, SMALL

MODULE = '''
"""A network, a data set, a schedule, a sampler, a loss, an optimizer and a callback of somebody's own."""

from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import nn

from diffusionlab.data import Garments
from diffusionlab.diffusion import DDIM, CosineSchedule, DenoisingLoss, V
from diffusionlab.models import Network

Path("imported").touch()  # what importing a stranger's module could do


class TinyNet(Network):
    bottleneck = "body"

    def __init__(self, *, in_channels, image_size, num_classes, width=4):
        super().__init__()
        self.in_channels, self.image_size, self.num_classes = in_channels, image_size, num_classes
        self.label = nn.Embedding(num_classes + 1, width)
        self.time = nn.Linear(1, width)
        self.stem = nn.Conv2d(in_channels, width, 3, padding=1)
        self.body = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Conv2d(width, in_channels, 3, padding=1)

    def time_features(self, time):
        return time[:, None] / 1000, self.time(time[:, None] / 1000)

    def forward(self, x, time, label=None, style=None):
        label = torch.full_like(time, self.num_classes).long() if label is None else label
        condition = self.label(label) + self.time_features(time)[1]
        return self.head(self.body(self.stem(x).relu() + condition[:, :, None, None]))


class MyGarments(Garments):
    name = "My garments"


class MySchedule(CosineSchedule):
    pass


class MyV(V):
    pass


@dataclass(frozen=True, kw_only=True)
class MySampler(DDIM):
    pass


@dataclass(frozen=True, kw_only=True)
class MyLoss(DenoisingLoss):
    pass


class MyAdam(torch.optim.Adam):
    pass


class Counter(pl.Callback):
    steps = 0

    def on_train_batch_end(self, *_):
        Counter.steps += 1
'''
SMALL_OF_ANY = [override for override in SMALL if not override.startswith("model.")]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a module in the current folder, and overrides that take every class from it."""
    name = f"models_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    classes = {"model": "TinyNet", "data": "MyGarments", "schedule": "MySchedule", "parameterization": "MyV"}
    classes |= {"sampler": "MySampler", "loss": "MyLoss", "optimizer": "MyAdam"}
    yield name, [f"{group}._target_={name}.{part}" for group, part in classes.items()]
    sys.modules.pop(name, None)


def command(name, *overrides):
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(name, list(overrides))


def test_classes_of_the_users_own_train_resume_sample_evaluate_and_are_drawn(lab, mine):
    module, classes = mine
    classes += [f"+callbacks.counter._target_={module}.Counter", "+model.width=8"]
    folder = lab.train(*classes, small=SMALL_OF_ANY)
    record = lab.record()
    assert record.status == "finished" and record.architecture == "TinyNet" and record.dataset == "My garments"
    assert record.config["trusted_modules"] == [module] and sys.modules[module].Counter.steps == 2
    lab.train(*classes, "trainer.max_epochs=2", "ckpt_path=last", small=SMALL_OF_ANY)
    assert lab.record().epochs == 2 and sys.modules[module].Counter.steps == 4

    options = [f"run={folder}", f"trust={module}", "sampler.num_steps=2"]
    assert (sample(command("sample", *options, "num_samples=3", "label=Bag")) / "grid.png").is_file()
    assert evaluate(command("evaluate", *options, "num_samples=20", "cache_dir=cache")).metrics["fid"] > 0
    files = visualize(command("visualize", *options, "what=all", "num_points=10", "perplexity=3", "num_samples=2",
                              "num_times=3", "num_steps=[2]", "samplers.ddpm.num_steps=2", "format=png"))  # fmt: skip
    drawn = {Path(file).stem for file in files}
    assert {"embeddings", "tsne", "denoising", "guidance", "interpolate", "forward", "same_noise"} <= drawn
    run = diffusionlab.load_run(folder, trust=[module])
    assert type(run.model.network).__name__ == "TinyNet" and run.sample(2, num_steps=2).shape == (2, 1, 28, 28)


def test_a_strangers_run_runs_no_code_by_itself(lab, mine, tmp_path):
    module, classes = mine
    folder = lab.train(*classes, small=SMALL_OF_ANY)
    del sys.modules[module]
    (tmp_path / "imported").unlink()
    run = diffusionlab.load_run(folder)
    assert run.record.run_id and run.settings.trusted_modules == (module,) and run._repr_html_()
    for use in (lambda: run.model, lambda: run.datamodule, lambda: run.sample(1)):
        with pytest.raises(UntrustedCode, match=f"type trust={module} if you trust it") as caught:
            use()
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=f"trust={module}"):
        sample(command("sample", f"run={folder}"))
    assert module not in sys.modules and not (tmp_path / "imported").exists()


def test_what_a_trusted_module_imports_is_not_trusted_with_it(lab, mine):
    """`trust=mymodels` trusts networks in mymodels, not whatever callable it has at hand."""
    module, classes = mine
    folder = lab.train(*classes, small=SMALL_OF_ANY)
    for target, words in (
        (f"{module}.Path", "not a"),
        ("pathlib.Path", "trust=pathlib"),
        (f"{module}.nothing", "not a"),
    ):
        run = diffusionlab.load_run(folder, trust=module)
        run.__dict__["settings"] = run.settings.replaced(data={"_target_": target})
        with pytest.raises(UsageError, match=words):
            _ = run.datamodule


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model._target_={}.TinyNett", "TinyNett"),
        ("model._target_=no_such_module.Net", "no_such_module"),
        ("+model.no_such_option=3", "no_such_option"),
    ],
)
def test_a_class_that_cannot_be_made_is_one_line(lab, mine, override, words):
    module, classes = mine
    with pytest.raises(Exception) as caught:
        lab.train(*classes, override.format(module), small=SMALL_OF_ANY)
    line = str(caught.value) if isinstance(caught.value, UsageError) else explain(caught.value)
    assert line is not None and words in line and "\n" not in line, line
