"""The settings of one run: resolved once, read-only, and the same in run.json, the weights and the checkpoint.

Hydra composes a DictConfig and `resolve` turns it into `Settings`; no DictConfig passes beyond this module.
"""

import inspect
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from diffusionlab.errors import UsageError, did_you_mean
from diffusionlab.invocation import CONF
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import new_run_id
from diffusionlab.runs.folder import folder_of, new_run_folder
from diffusionlab.runs.frozen import Group, freeze, plain
from diffusionlab.runs.identity import settings_hash
from diffusionlab.runs.trust import find_in_current_folder, foreign_modules

log = logging.getLogger(__name__)


def make(config: Mapping[str, Any], path: str) -> Any:
    """The object that the group at `path`, such as "codec.autoencoder.model", describes by its `_target_`.

    None if it is null. Groups inside it are made first. Raises Hydra's InstantiationException, which names the path.
    """
    keys = path.split(".")
    node: Any = config
    for key in keys:
        node = None if node is None else node[key]
    if node is None:
        return None
    nested = plain(node)
    for key in reversed(keys):  # so that an error of Hydra names the whole path
        nested = {key: nested}
    return instantiate(OmegaConf.select(OmegaConf.create(nested), path), _convert_="all")


def option(group: str, name: str) -> Group:
    """conf/<group>/<name>.yaml, an option that stands for itself. Raises UsageError if there is none."""
    options = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
    if name not in options:
        raise UsageError(f"unknown {group} {name!r}{did_you_mean(name, options)}; {group}s are {', '.join(options)}")
    return freeze(to_plain(OmegaConf.load(CONF / group / f"{name}.yaml")))


def values_of(group: str, name: str) -> dict[str, Any] | None:
    """What conf/<group>/<name>.yaml and the options that it builds on state plainly; None if it is not ours."""
    file = CONF / group / f"{name}.yaml"
    if not file.is_file():
        return None
    content = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    assert isinstance(content, dict)
    values: dict[str, Any] = {}
    for base in content.pop("defaults", ()):
        if isinstance(base, str) and base != "_self_":
            values |= values_of(group, base) or {}
    return values | {str(key): value for key, value in content.items()}


@dataclass(frozen=True)
class Settings:
    """Everything that a run was made with, every interpolation resolved.

    `config`: as composed from `conf/` and the command line; its groups are attributes, as in
    `settings.data.batch_size`. `choices`: config group -> option taken. `first_stage`: of the autoencoder that a latent
    run needs, as a run of its own; None for other runs, and if the settings were read from a file.
    """

    config: Group
    choices: Group
    first_stage: "Settings | None" = None

    @classmethod
    def of(
        cls, config: Mapping[str, Any], choices: Mapping[str, Any], first_stage: "Settings | None" = None
    ) -> "Settings":
        """From plain values."""
        return cls(freeze(config), freeze(choices), first_stage)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "Settings":
        """What `metadata` wrote. Raises KeyError or ValueError for anything else."""
        config, choices = json.loads(metadata["config"]), json.loads(metadata["choices"])
        if not isinstance(config, dict) or not isinstance(choices, dict):
            raise ValueError("its settings are not JSON objects")
        return cls.of(config, {group: choices[group] for group in choices if _is_ours(group)})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.config, name)

    @property
    def metadata(self) -> dict[str, str]:
        """As text, for the files of a run."""
        return {"config": json.dumps(self.config), "choices": json.dumps(self.choices)}

    @property
    def hash(self) -> str:
        """16 hex digits over all that changes what is trained."""
        return settings_hash(self.config)

    def make(self, path: str) -> Any:
        """See `make`."""
        return make(self.config, path)

    def replaced(self, **changes: Any) -> "Settings":
        """A copy with these settings; a mapping changes only what it names."""
        return Settings(freeze(_merged(self.config, changes)), self.choices, self.first_stage)

    def moved(self, folder: Path) -> "Settings":
        """A copy for a run in another folder: every path below the old one lies below the new one."""
        old = str(self.paths.output_dir)

        def move(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {key: move(item) for key, item in value.items()}
            if isinstance(value, (list, tuple)):
                return [move(item) for item in value]
            inside = isinstance(value, str) and (value == old or value.startswith(f"{old}/"))
            return f"{folder}{value.removeprefix(old)}" if inside else value

        return Settings(freeze(move(self.config)), self.choices, self.first_stage)


def resolve(cfg: DictConfig, choices: Mapping[str, Any]) -> Settings:
    """The composed settings, resolved: precision and CLIP run by name, and all arguments of Lightning's Trainer.

    `choices` maps a config group to the option taken. Whether the settings fit each other, `rules.check` says.
    """
    chosen = {group: option for group, option in choices.items() if _is_ours(group)}
    has_first_stage = cfg.codec is not None and cfg.codec.autoencoder is not None
    first_stage = _settings(*_autoencoder(cfg, chosen)) if has_first_stage else None
    return _settings(to_plain(cfg), chosen, first_stage)


def to_plain(cfg: Any) -> dict[str, Any]:
    """Every interpolation resolved, in dicts and lists."""
    resolved = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


OF_TEACHER = ("data", "model", "codec", "schedule", "parameterization", "condition")
"""Groups that a student takes over from the run that it distils."""


def _as_teacher(config: dict[str, Any], choices: dict[str, Any]) -> None:
    """Let the settings be those of the teacher where the student cannot have others; it starts with its weights."""
    from diffusionlab.runs.checkpoint import load_settings  # torch loads here

    record = find_run(config["registry"]["uri"], str(config["teacher"]), drawing=True)
    teacher = load_settings(folder_of(record, "teacher"))
    if teacher.schedule is None or (teacher.codec or {}).get("autoencoder"):
        raise UsageError(f"teacher={config['teacher']} is no diffusion model of pixels, and only these are distilled")
    if not str(config["loss"]["_target_"]).endswith(".TrajectoryLoss"):
        raise UsageError("teacher=RUN is for distillation: type experiment=distill, or init_from=RUN to fine-tune")
    _check_not_typed()
    here = {"batch_size": config["data"].get("batch_size"), "data_dir": config["paths"]["data_dir"]}
    config |= {group: plain(teacher.config[group]) for group in OF_TEACHER if group in teacher.config}
    config["data"] |= {name: value for name, value in here.items() if name in config["data"]}
    choices |= {group: teacher.choices[group] for group in OF_TEACHER if group in teacher.choices}
    config["teacher"] = record.path if Path(str(config["teacher"])).is_dir() else record.run_id
    config["init_from"] = config["init_from"] or config["teacher"]


def _check_not_typed() -> None:
    """Raises UsageError if the command line sets what a student takes over from its teacher."""
    for word in HydraConfig.get().overrides.task if HydraConfig.initialized() else ():
        key = word.lstrip("+~").partition("=")[0]
        if key.partition(".")[0] in OF_TEACHER and key != "data.batch_size":
            raise UsageError(f"{word}: a student has the {key.partition('.')[0]} of its teacher; omit it")


def _settings(config: dict[str, Any], choices: dict[str, Any], first_stage: Settings | None = None) -> Settings:
    for group in ("data", "model", "loss", "optimizer", "lr_schedule", *(("sampler",) if config["schedule"] else ())):
        if not isinstance(config[group], dict):
            raise UsageError(f"nothing can be trained without {group}: type {group}=OPTION, or omit '~{group}'")
    if config["teacher"] is not None:
        _as_teacher(config, choices)
    elif str(config["loss"].get("_target_")).endswith(".TrajectoryLoss"):
        raise UsageError("loss=trajectory distils a finished run: type experiment=distill teacher=RUN")
    for group in ("callbacks", "logger"):
        config[group] = {name: part for name, part in (config[group] or {}).items() if part is not None}
    if not config["loss"].get("clip_weight"):
        config["clip"] = choices["clip"] = None  # not used, so not part of the run
    config["trusted_modules"] = foreign_modules(config)
    if config["trusted_modules"]:
        find_in_current_folder()
        config |= {group: _taken(group, part) for group, part in config.items() if _is_foreign(part)}
    config["trainer"] = _trainer_defaults() | config["trainer"]
    if config["hardware"]["precision"] == "auto":
        from diffusionlab.runs.hardware import best_precision  # torch loads here

        precision = best_precision(config["trainer"]["accelerator"])
        config["hardware"]["precision"] = precision
        if config["trainer"]["precision"] == "auto":
            config["trainer"]["precision"] = precision
    if config["clip"] is not None:
        config["clip"] = _with_run_id(config)
    if config["init_from"] is not None:
        start = find_run(config["registry"]["uri"], str(config["init_from"]))
        config["init_from"] = start.path if Path(str(config["init_from"])).is_dir() else start.run_id
    return Settings.of(config, choices, first_stage)


def _is_foreign(part: Any) -> bool:
    return isinstance(part, dict) and bool(foreign_modules({"_target_": part.get("_target_")}))


def _taken(group: str, part: dict[str, Any]) -> dict[str, Any]:
    """Without what an option file gives to the class that this foreign one replaces and this one does not take."""
    try:
        known = inspect.signature(get_object(part["_target_"])).parameters
    except (ImportError, AttributeError, ValueError, TypeError, HydraException):
        return part  # making it will say what is wrong
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in known.values()):
        return part
    ours = {name for file in (CONF / group).glob("*.yaml") for name in OmegaConf.load(file)}
    omitted = [name for name in part if name in ours and name not in known and not name.startswith("_")]
    if omitted:
        log.warning("%s does not take %s: omitted from %s", part["_target_"], ", ".join(omitted), group)
    return {name: value for name, value in part.items() if name not in omitted}


def _trainer_defaults() -> dict[str, Any]:
    return {name: known.default for name, known in trainer_parameters().items()}


def trainer_parameters() -> Mapping[str, inspect.Parameter]:
    """The arguments of Lightning's Trainer that are settings; callbacks and loggers are groups of their own."""
    import pytorch_lightning as pl

    known = inspect.signature(pl.Trainer).parameters
    return {name: known[name] for name in known if name not in ("callbacks", "logger")}


def _with_run_id(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of a CLIP with the id of the run that it is, if it is one of the lab and can be found."""
    if "run" not in config["clip"]:
        return config["clip"]
    datamodule = make(config, "data")
    from diffusionlab.evaluation.real_images import recorded_name  # torch loads here

    record = make(config, "clip").find(recorded_name(datamodule), datamodule.class_names)
    return config["clip"] | ({} if record is None else {"run": record.run_id})


def _autoencoder(cfg: DictConfig, choices: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings and choices of the autoencoder's own run: `python train.py model=autoencoder` with the same data.

    What cfg.codec.autoencoder does not name is as in `cfg`.
    """
    stage = cfg.copy()
    with open_dict(stage):
        for key, value in to_plain(cfg.codec.autoencoder).items():
            stage[key] = OmegaConf.merge(cfg[key], value) if key in ("data", "trainer") else value
        stage.codec = stage.schedule = stage.parameterization = stage.clip = None
        stage.condition.style = stage.condition.csv = None
        stage.name, stage.notes = f"{choices['data']}_autoencoder", ""
        stage.ckpt_path = stage.resume = stage.init_from = stage.teacher = stage.ema = None
        stage.paths.output_dir = str(new_run_folder(cfg.paths.runs_dir, new_run_id()).absolute())
    return to_plain(stage), {"data": choices["data"], "model": "autoencoder"}


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with the values of `new`, mapping by mapping."""
    changed = {
        key: _merged(old[key], value) if isinstance(value, Mapping) and isinstance(old.get(key), Mapping) else value
        for key, value in new.items()
    }
    return {**old, **changed}


def _is_ours(group: str) -> bool:
    """Whether a config group is one of conf/, not Hydra's."""
    return not group.startswith("hydra/")
