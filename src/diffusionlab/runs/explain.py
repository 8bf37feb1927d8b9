"""Errors of Hydra, OmegaConf and Lightning as one line that names what to type instead."""

import inspect
import re
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
    if line := _line_below(error):
        return line
    match error:
        case InstantiationException():
            return _explain_instantiation(error)
        case MissingConfigException(options=options, missing_cfg_file=file) if options and file:
            group, _, name = file.rpartition("/")
            near = did_you_mean(name, list(options)) or ":"
            return f"unknown option {group}={name}{near} {group} takes {', '.join(options)}"
        case OverrideParseException(override=override):
            return f"{override} cannot be read; write key=value, and quote lists: 'model.channels=[32,64]'"
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
        known = _known_keys(config_name)
        near = did_you_mean(word, known) or "; python train.py --help lists groups and options"
        return f"there is no option {word}{near}"
    if isinstance(cause, OmegaConfBaseException):
        return f"{cause.full_key}: {_one_line(cause)}" if cause.full_key else _one_line(cause)
    return _one_line(error)


def _states(file: Path, name: str) -> bool:
    return bool(name) and re.search(rf"^{re.escape(name)}:", file.read_text(), re.MULTILINE) is not None


def _known_keys(config_name: str) -> list[str]:
    """Every key of the default composition, in dots, and every group."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(config_name)
    groups = [path.name for path in CONF.iterdir() if path.is_dir()]
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
