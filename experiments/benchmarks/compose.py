"""Settings and parts of a run as `train.py` would make them, in this process and without a record."""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf, open_dict

from diffusionlab.runs.build import Experiment, build
from diffusionlab.runs.schemas import register
from diffusionlab.runs.settings import Settings, resolve

CONF = Path(__file__).parents[2] / "conf"

QUIET = ("hydra/hydra_logging=none", "hydra/job_logging=none")


def settings_of(*overrides: str, folder: Path | None = None) -> Settings:
    """The settings of `python train.py OVERRIDES`, with the run in `folder`."""
    register()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", list(overrides), return_hydra_config=True)
    OmegaConf.set_readonly(cfg.hydra, False)
    folder = folder or Path(tempfile.mkdtemp(prefix="benchmark-")) / "2026-01-01" / "run"
    cfg.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(cfg)
    choices: dict[str, Any] = dict(cfg.hydra.runtime.choices)
    with open_dict(cfg):
        del cfg["hydra"]
    cfg.paths.runs_dir = str(folder.parents[1])
    return resolve(cfg, choices)


def experiment_of(*overrides: str, folder: Path | None = None) -> Experiment:
    """The parts of the run, with the data read."""
    settings = settings_of(*overrides, folder=folder)
    return build(settings, Path(settings.paths.output_dir), beat=lambda: None)
