"""The typed root of the settings of each command, as Hydra composes them.

Imports neither torch nor Lightning: `--help`, `--cfg job` and the refusal of an unknown option answer at once.
"""

import hashlib
import math
import netrc
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf

from diffusionlab.runs.folder import hydra_notes, run_folder
from diffusionlab.runs.identity import sweep_folder, trial_folder


@dataclass
class Hardware:
    """What the machine is used for; conf/hardware fills it."""

    accelerator: str = MISSING
    devices: Any = MISSING
    strategy: str = MISSING
    precision: str = MISSING
    channels_last: bool = MISSING
    compile: bool = MISSING


@dataclass
class Paths:
    """Where things lie."""

    data_dir: str = MISSING
    runs_dir: str = MISSING
    output_dir: str = MISSING


@dataclass
class Registry:
    """Where runs are remembered."""

    uri: str = MISSING


@dataclass
class Condition:
    """The labels beside the class."""

    style: str | None = None
    csv: str | None = None
    style_names: list[str] | None = None
    num_styles: int | None = None


@dataclass
class TrainConfig:
    """Everything `train.py` takes. A group whose content depends on the choice is open here; its class is strict."""

    name: str = MISSING
    tags: list[str] = field(default_factory=list)
    notes: str = ""
    seed: int = MISSING
    ckpt_path: str | None = None
    resume: str | None = None
    init_from: Any = None
    teacher: Any = None
    allow_changed_data: bool = False
    check: bool = False
    lr_warmup_steps: int = MISSING
    lr_schedule: Any = MISSING
    ema_decay: float = MISSING
    ema: Any = None
    data: Any = MISSING
    model: Any = MISSING
    codec: Any = None
    clip: Any = None
    condition: Condition = field(default_factory=Condition)
    schedule: Any = None
    parameterization: Any = None
    loss: Any = MISSING
    sampler: Any = None
    optimizer: Any = MISSING
    hardware: Hardware = field(default_factory=Hardware)
    trainer: dict[str, Any] = field(default_factory=dict)
    callbacks: Any = None
    logger: Any = None
    paths: Paths = field(default_factory=Paths)
    registry: Registry = field(default_factory=Registry)


@dataclass
class GuidanceBy:
    """What guides in place of the null label."""

    by: str | None = None
    checkpoint: str | None = None


@dataclass
class SampleGuidance(GuidanceBy):
    """Guidance other than by the labels alone."""

    clip_scale: float = 0.0


@dataclass
class Select:
    """Which samples are kept."""

    top: int | None = None


@dataclass
class RunCommandConfig:
    """What every command takes that looks at a trained run."""

    run: Any = MISSING
    num_samples: int = MISSING
    sampler: Any = MISSING
    guidance_scale: Any = None
    seed: int = MISSING
    device: str = MISSING
    ema: float | None = None
    checkpoint: str | None = None
    output_dir: str | None = None
    data_dir: str | None = None
    trust: Any = None
    registry: Registry = field(default_factory=Registry)


@dataclass
class SampleConfig(RunCommandConfig):
    """Everything `sample.py` takes."""

    run: str = MISSING
    label: Any = None
    style: Any = None
    clip: Any = MISSING
    guidance: SampleGuidance = field(default_factory=SampleGuidance)
    select: Select = field(default_factory=Select)
    scores: bool = False
    guidance_schedule: str = MISSING
    guidance_interval: list[float] = MISSING
    batch_size: int = MISSING


@dataclass
class VisualizeConfig(RunCommandConfig):
    """Everything `visualize.py` takes."""

    what: str = MISSING
    features: Any = None
    clip: Any = None
    cache_dir: str = MISSING
    format: str = MISSING
    label: Any = None
    num_times: int = MISSING
    samplers: Any = MISSING
    guidance_scale: float | None = None
    guidance_scales: Any = MISSING
    num_steps: Any = MISSING
    beta_ends: Any = MISSING
    beta_steps: int = MISSING
    num_points: int = MISSING
    perplexity: float = MISSING


@dataclass
class EvaluateConfig(RunCommandConfig):
    """Everything `evaluate.py` takes."""

    run: str = MISSING
    features: Any = MISSING
    clip: Any = None
    reference: str = MISSING
    guidance_scale: float | None = None
    guidance: GuidanceBy = field(default_factory=GuidanceBy)
    per_class: bool = MISSING
    calls: list[int] | None = None
    beside: Any = None
    batch_size: int = MISSING
    cache_dir: str = MISSING


AUGMENT_DIM = 9
"""Of diffusion.augmentation, which imports torch."""


def register() -> None:
    """Make the schemas and resolvers known to Hydra; the scripts call it before `hydra.main`."""
    store = ConfigStore.instance()
    train = OmegaConf.structured(TrainConfig)
    OmegaConf.set_struct(train.trainer, False)  # any argument of Lightning's Trainer; settings.check refuses others
    store.store(name="train_schema", node=train)
    store.store(name="sample_schema", node=SampleConfig)
    store.store(name="visualize_schema", node=VisualizeConfig)
    store.store(name="evaluate_schema", node=EvaluateConfig)
    resolvers: dict[str, Callable[..., Any]] = {
        "augment_dim": lambda probability: AUGMENT_DIM if probability else None,
        "class_names": _class_names,
        "hydra_notes": hydra_notes,
        "latent_size": _latent_size,
        "len": len,
        "no_wandb_key": _no_wandb_key,
        "num_styles": lambda names: None if names is None else len(names),
        "run_folder": run_folder,
        "style_names": _style_names,
        "trial_folder": trial_folder,
        "wandb_id": lambda folder: hashlib.sha256(os.path.abspath(folder).encode()).hexdigest()[:16],
    }
    # cached in the settings: the trials take the folder of their sweep, not one of their own overrides
    OmegaConf.register_new_resolver("sweep_folder", sweep_folder, replace=True, use_cache=True)
    for name, resolver in resolvers.items():
        OmegaConf.register_new_resolver(name, resolver, replace=True)


def _class_names(folder: str) -> list[str]:
    # the folder is looked at only when data=image_folder is resolved
    from diffusionlab.data.layout import class_names

    return _no_interpolations(list(class_names(folder)), f"data.folder={folder}")


def _latent_size(image_size: int, channels: Sequence[int]) -> int:
    # of models.Autoencoder, which cannot be imported here: halved for every further width, then made even
    return 2 * math.ceil(image_size / 2 ** len(channels))


def _style_names(style: str | None, csv: str | None) -> list[str] | None:
    from diffusionlab.data.style_names import style_names

    names = style_names(style, csv)
    return None if names is None else _no_interpolations(names, f"condition.csv={csv}")


def _no_interpolations(names: list[str], source: str) -> list[str]:
    """Names that files gave. Raises ValueError if OmegaConf would read one as an interpolation."""
    if unsafe := [name for name in names if "${" in name]:
        raise ValueError(f"{source} has the name {unsafe[0]}, which settings take for an interpolation: rename it")
    return names


def _no_wandb_key() -> bool:
    """Whether neither the environment nor ~/.netrc, where `wandb login` writes, has a key."""
    if "WANDB_API_KEY" in os.environ:
        return False
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is None
    except (OSError, netrc.NetrcParseError):
        return True
