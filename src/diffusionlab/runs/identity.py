"""What makes two runs, or two sweeps, the same: a hash of their settings, which also names the folder of a trial."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

NOT_WHAT_IS_TRAINED = {
    *("ckpt_path", "resume", "allow_changed_data", "check", "trusted_modules"),
    *("name", "tags", "notes", "paths", "registry", "logger", "callbacks", "ema"),
}
"""Settings that do not change what is trained, omitted from the hash."""


def settings_hash(settings: Mapping[str, Any]) -> str:
    """16 hex digits of the settings that decide what is trained."""
    trained = {key: value for key, value in settings.items() if key not in NOT_WHAT_IS_TRAINED}
    return _digest(trained, 16)


def trial_folder(*, _root_: DictConfig) -> str:
    """The folder name of one trial of a sweep, a Hydra resolver: the same settings always meet in the same folder.

    Interpolations stay unresolved, so that naming a folder can neither fail nor look at a file.
    """
    settings = OmegaConf.to_container(_root_, resolve=False)
    assert isinstance(settings, dict)
    return settings_hash({str(key): value for key, value in settings.items() if key != "hydra"})


def sweep_folder(overrides: Iterable[str], params: Mapping[str, Any] | None, file: str | None) -> str:
    """multirun/<label>-<hash>, a Hydra resolver: a sweep that is typed again finds its folder.

    The hash is of the overrides that all trials share and of the names of those that vary, not of their values: a
    sweep to which values are added is still the same one.

    Args:
        overrides: as typed, those that vary among them.
        params: `hydra.sweeper.params`, the overrides of a file in conf/sweep.
        file: the option taken from conf/sweep, None if none was.
    """
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    varied = {str(one.get_key_element()) for one in parsed if one.is_sweep_override()} | set(params or ())
    shared = {
        f"{one.get_key_element()}={one.get_value_element_as_str()}"
        for one in parsed
        if not one.is_sweep_override() and one.key_or_group.partition(".")[0] not in NOT_WHAT_IS_TRAINED - {"name"}
    }
    label = file or "_".join(sorted(key.rpartition(".")[2] for key in varied)) or "sweep"
    return f"multirun/{safe_name(label)}-{_digest([sorted(varied), sorted(shared)], 6)}"


def safe_name(text: str) -> str:
    """At most 40 letters, digits, `-` and `_`, for a part of a path."""
    return re.sub(r"[^\w-]+", "_", text)[:40]


def _digest(content: Any, length: int) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:length]
