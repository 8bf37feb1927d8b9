"""The lab in a test: compose real settings, shrunk, and run them in this process."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.runs.schemas import register

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and its tests then too

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"

SMALL = (
    "model.channels=[8,16]",
    "data.num_train=48",
    "data.num_val=16",
    "data.num_test=10",
    "data.batch_size=16",
    "trainer.max_epochs=1",
    "trainer.log_every_n_steps=1",
    "trainer.enable_progress_bar=false",
    "sampler.num_steps=2",
    "callbacks.sample_grid.num_samples=10",
    "hardware.precision=32-true",
    "~callbacks.progress_bar",
)
"""Overrides that shrink the default run to a second or two; float32, so that every machine computes the same."""


@pytest.fixture(autouse=True)
def registry_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test ever writes to the user's registry."""
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    return tmp_path / "registry"


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test ever writes to the user's cache."""
    monkeypatch.setenv("DIFFUSIONLAB_CACHE_DIR", str(tmp_path / ".cache"))
    return tmp_path / ".cache"


@dataclass
class Lab:
    """Composes and trains below one folder."""

    root: Path

    def compose(self, *overrides: str, name: str = "a", small: Sequence[str] = SMALL) -> DictConfig:
        """The settings of `train.py` with these overrides, as a Hydra job would get them."""
        register()
        folder = self.root / "outputs/2026-01-01" / name
        GlobalHydra.instance().clear()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose("train", [*small, *overrides], return_hydra_config=True)
        OmegaConf.set_readonly(cfg.hydra, False)
        cfg.hydra.runtime.output_dir = str(folder)
        HydraConfig.instance().set_config(cfg)
        with open_dict(cfg):
            del cfg["hydra"]
        cfg.paths.runs_dir = str(self.root / "outputs")
        return cfg

    def train(self, *overrides: str, name: str = "a", small: Sequence[str] = SMALL) -> Path:
        """Train in this process; returns the run folder."""
        from diffusionlab.commands.train import train

        cfg = self.compose(*overrides, name=name, small=small)
        folder = Path(cfg.paths.output_dir)
        train(cfg)
        return folder

    def record(self, name: str = "a") -> RunRecord:
        """What was remembered of a run."""
        return read_record(self.root / "outputs/2026-01-01" / name)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab in an empty folder."""
    return Lab(tmp_path)


@pytest.fixture
def script_environment(registry_of_its_own: Path) -> Callable[..., dict[str, str]]:
    """The environment for a script in a process of its own."""
    return lambda **extra: os.environ | {"DIFFUSIONLAB_REGISTRY": str(registry_of_its_own)} | extra
