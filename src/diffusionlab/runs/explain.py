"""Errors of Hydra, OmegaConf and Lightning as one line that names what to type instead."""

import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import (
    ConfigCompositionException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from diffusionlab.errors import LabError, UsageError, did_you_mean
from diffusionlab.invocation import CONF

MEANT = {
    **dict.fromkeys(("epoch", "epochs", "num_epochs", "n_epochs"), ("trainer.max_epochs",)),
    **dict.fromkeys(
        ("step", "steps", "num_steps", "max_steps", "iterations", "iters"), ("trainer.max_steps", "sampler.num_steps")
    ),
    **dict.fromkeys(("learning_rate", "learningrate"), ("optimizer.lr",)),
    **dict.fromkeys(("batch", "bs", "batchsize"), ("data.batch_size", "batch_size")),
    **dict.fromkeys(("dataset", "data_set", "datasets"), ("data",)),
    **dict.fromkeys(("folder", "path", "images"), ("data.folder", "data.data_dir", "data_dir")),
    **dict.fromkeys(("gpus", "num_gpus", "gpu", "num_devices"), ("hardware.devices", "device")),
    **dict.fromkeys(("cpu", "cuda", "accelerator"), ("hardware.accelerator", "device")),
    **dict.fromkeys(("fp16", "bf16", "amp"), ("hardware.precision",)),
    **dict.fromkeys(("ema", "decay"), ("ema_decay",)),
    **dict.fromkeys(("network", "net", "architecture", "arch", "unet"), ("model",)),
    **dict.fromkeys(("scheduler", "lr_scheduler"), ("lr_schedule", "schedule")),
    **dict.fromkeys(("noise_schedule", "beta_schedule"), ("schedule",)),
    **dict.fromkeys(("prediction", "prediction_type", "predict", "objective"), ("parameterization",)),
    **dict.fromkeys(("warmup", "warmup_steps"), ("lr_warmup_steps",)),
    **dict.fromkeys(("clip_grad", "grad_clip", "max_grad_norm"), ("trainer.gradient_clip_val",)),
    **dict.fromkeys(("size", "resolution", "img_size"), ("data.image_size",)),
    **dict.fromkeys(("resume_from", "checkpoint", "ckpt"), ("ckpt_path", "run")),
    **dict.fromkeys(("cfg", "cfg_scale", "scale", "w"), ("guidance_scale",)),
    **dict.fromkeys(("n", "num", "number", "samples", "count", "num_images"), ("num_samples",)),
    **dict.fromkeys(("class", "classes", "class_name"), ("label", "data.class_names")),
    **dict.fromkeys(("out", "output", "outdir", "out_dir"), ("output_dir", "paths.runs_dir")),
    **dict.fromkeys(("max_time", "time"), ("trainer.max_time",)),
}
"""What people type -> the settings that mean it, of which a command may have only some."""

LEFT_OUT = ("callbacks", "logger", "clip")
"""Groups without which a command works."""


@contextmanager
def user_errors() -> Iterator[None]:
    """Every error of a set-up phase, where the settings are its only cause, as a UsageError in one line."""
    try:
        yield
    except LabError:
        raise
    except Exception as error:
        line = explain(error)
        if line is None and isinstance(error, (ValueError, TypeError, ImportError)):
            line = _one_line(error)
        if line is None:
            raise
        raise UsageError(line) from error


def explain(error: Exception, config_name: str = "train") -> str | None:
    """The line for an error of a library; None for one that is nobody's typing mistake."""
    if line := _line_below(error) or _explain_text(str(error)):
        return line
    match error:
        case InstantiationException():
            return _explain_instantiation(error)
        case MissingConfigException(options=options, missing_cfg_file=file) if options and file:
            group, _, name = file.rpartition("/")
            near = did_you_mean(name, list(options)) or ":"
            return f"unknown option {group}={name}{near} {group} takes {', '.join(options)}"
        case OverrideParseException(override=override):
            return _explain_syntax(override)
        case MissingMandatoryValue():
            return f"{error.full_key} has no value: type {error.full_key}=..."
        case ConfigCompositionException():
            return _explain_override(error, config_name)
        case OmegaConfBaseException():
            return f"{error.full_key}: {_one_line(error)}" if error.full_key else _one_line(error)
    if type(error).__name__ == "MisconfigurationException":  # Lightning's, recognized without importing it
        about_device = re.search(r"accelerator|device|gpu|cuda|mps|tpu", str(error), re.IGNORECASE)
        return _one_line(error) + (" (hardware=auto takes what the machine has)" if about_device else "")
    return None


def _explain_text(text: str) -> str | None:
    """The line for an error that only its text tells apart."""
    if "Config group override must be a string or a list" in text:
        return _explain_no_name()
    if several := re.search(r"Ambiguous value for argument '(([^=]+)=([^']*))'", text, re.DOTALL):
        word, key, values = several.groups()
        return f"{word} are several values: add -m for a run of each, or type '{key}=[{values}]' for a list"
    if tasks := re.search(r"You set `--ntasks=(\d+)`", text):
        return (
            f"this SLURM job has SLURM_NTASKS={tasks[1]}: start the command with srun under --ntasks-per-node, "
            "or type `env -u SLURM_NTASKS` before it to train in one process"
        )
    return None


_NO_NAME = re.compile(r"null|true|false|[-+.\d]*(?:e[-+]?\d+)?", re.IGNORECASE)


def _explain_no_name() -> str | None:
    """A group was set to null or to a number; Hydra does not say which."""
    for group, _, value in (word.partition("=") for word in sys.argv[1:]):
        options = sorted(file.stem for file in (CONF / group).glob("*.yaml")) if group else []
        if options and value not in options and _NO_NAME.fullmatch(value):
            way_out = f"'~{group}' leaves it out, or type one of" if group in LEFT_OUT else "type one of"
            return f"{group}={value or 'null'}: {way_out} {', '.join(options)}"
    return None


def _explain_syntax(override: str) -> str:
    key, equals, value = override.partition("=")
    if not equals:
        return f"{override} cannot be read: write key=value"
    if value[:1] in ("'", '"'):
        return f"{override} cannot be read: inside quotes write \\' for a quote, and close them"
    if value[:1] in ("[", "{"):
        return f"{override} cannot be read: write '{key}=[32,64]' for a list, '{key}={{a:1}}' for a mapping"
    return f"{override} cannot be read: write '{key}=\"...\"' with the value in quotes of its own"


def _line_below(error: BaseException) -> str | None:
    """The line of a LabError that a resolver raised and OmegaConf and Hydra wrapped."""
    below = error.__cause__ or error.__context__
    while below is not None:
        if isinstance(below, LabError):
            return str(below)
        below = below.__cause__ or below.__context__
    return None


def _explain_instantiation(error: InstantiationException) -> str:
    cause = error.__cause__
    target = re.search(r"target '([^']+)'", str(error))
    section = re.search(r"full_key: (\S+)", str(error))
    where = section.group(1) if section else "this part"
    if (
        isinstance(cause, TypeError)
        and target
        and (word := re.search(r"unexpected keyword argument '(\w+)'", str(cause)))
    ):
        known = list(inspect.signature(get_object(target.group(1))).parameters)
        near = did_you_mean(word.group(1), known) or f"; ~{where}.{word.group(1)} removes it"
        return f"{where} has no option {word.group(1)}{near}"
    if isinstance(cause, InstantiationException):
        return _explain_instantiation(cause)
    return _one_line(cause) if isinstance(cause, Exception) else _one_line(error)


def _explain_override(error: ConfigCompositionException, config_name: str) -> str:
    """An unknown key names the nearest of all keys and groups; a wrong value says what the key takes."""
    cause = error.__cause__
    if key := re.search(r"Could not override '([^']+)'", str(error)):
        word = key.group(1)
        group, _, name = word.partition(".")
        if owners := [file.stem for file in sorted((CONF / group).glob("*.yaml")) if _states(file, name)]:
            return f"there is no option {word} with this {group}; {group}={'|'.join(owners)} has it"
        near = _meant(word, _known_keys(config_name)) or f"; python {config_name}.py --help lists groups and options"
        return f"there is no option {word}{near}"
    if isinstance(cause, OmegaConfBaseException):
        return f"{cause.full_key}: {_one_line(cause)}" if cause.full_key else _one_line(cause)
    return _one_line(error)


def _meant(word: str, known: list[str]) -> str:
    """What was meant by a word: settings of that name in a group, others of that meaning, or the nearest by letters."""
    last = word.rpartition(".")[2].lower()
    named = [key for key in known if key.rpartition(".")[2] == last and "_target_" not in key]
    meant = [key for key in MEANT.get(last, ()) if key in known]
    if found := (meant or named)[:3]:
        return f"; did you mean {' or '.join(found)}?"
    return did_you_mean(word, known)


def _states(file: Path, name: str) -> bool:
    return bool(name) and re.search(rf"^{re.escape(name)}:", file.read_text(), re.MULTILINE) is not None


def _known_keys(config_name: str) -> list[str]:
    """Every key of the default composition, in dots, and every group."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(config_name)
    groups = [path.name for path in CONF.iterdir() if path.is_dir()]
    if config_name == "train":
        groups += [key for keys in MEANT.values() for key in keys if key.startswith("trainer.")]
    return [*groups, *_dotted(cfg)]


def _dotted(cfg: DictConfig, prefix: str = "") -> Iterator[str]:
    content: Any = OmegaConf.to_container(cfg, resolve=False)
    stack = [(prefix, content)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            stack += [(f"{path}.{key}" if path else str(key), value) for key, value in node.items()]
        if path:
            yield path


def _one_line(error: BaseException) -> str:
    text = re.sub(r"\s+(full_key|object_type|reference_type)[:=]\s*\S+", "", str(error))
    return " ".join(text.split()) or type(error).__name__
