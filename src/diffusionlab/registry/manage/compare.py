"""What differs between runs, by the registry's facts."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diffusionlab.registry.record.columns import about, grouped
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.record.script import SCRIPT, facts_of_script, layers_of

GROUPS: dict[str, tuple[str, ...]] = {group: grouped(group) for group in ("architecture", "training", "result")}
"""Group -> columns compared; metrics join the result, config keys and package versions the training."""
OF_AN_ARCHITECTURE = (
    "facets", "architecture", "helper_modules", "unused_modules", "num_classes", "image_size", "channels",
)  # fmt: skip
"""Facts of a script that are of its network; the others are of the training."""
OF_A_RUN = ("paths.", "callbacks.", "logger.", "name")
"""How the config keys begin that differ from run to run by their nature: they are not compared."""


@dataclass(frozen=True)
class Difference:
    """One fact that is not the same in all runs; `values` stand in the order of the runs, None for unknown."""

    fact: str
    values: tuple[Any, ...]


@dataclass
class Comparison:
    """Differences by group, and for two runs with known layer trees the lines of their difference (`+`, `-`)."""

    run_ids: list[str]
    groups: dict[str, list[Difference]]
    same: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    of_scripts: bool = False


def compare(runs: Sequence[RunRecord]) -> Comparison:
    """Compare two or more runs; figures of one protocol where there is one under which all were measured.

    Of scripts, all facts that their code shows are compared, each with the lines that say it.
    """
    if all(SCRIPT in run.extra for run in runs):
        return _of_scripts(runs)
    runs = _under_one_protocol(runs)
    groups: dict[str, list[Difference]] = {group: [] for group in GROUPS}
    same: list[str] = []
    told: dict[str, tuple[Any, ...]] = {}
    for group, columns in GROUPS.items():
        for column in columns:
            values = tuple(None if (value := getattr(run, column)) == [] else value for run in runs)
            _sort_in(Difference(column, values), groups[group], same)
            told[f"config.{about(column).setting}"] = values
    for prefix, group, tables in (
        ("", "result", [run.metrics for run in runs]),
        ("config.", "training", [settings_of(run) for run in runs]),
        ("packages.", "training", [run.packages for run in runs]),
    ):
        for key in sorted({key for table in tables for key in table}):
            values = tuple(table.get(key) for table in tables)
            if told.get(prefix + key) != values:  # a setting that a column holds is told once
                _sort_in(Difference(prefix + key, values), groups[group], same)
    return Comparison([run.run_id for run in runs], groups, same, _layer_difference(runs))


def _of_scripts(runs: Sequence[RunRecord]) -> Comparison:
    groups: dict[str, list[Difference]] = {"architecture": [], "training": []}
    same: list[str] = []
    facts = [facts_of_script(run.extra) for run in runs]
    for fact in dict.fromkeys(name for of_one in facts for name in of_one):
        values = [of_one.get(fact, {}) for of_one in facts]
        if all(value.keys() == values[0].keys() for value in values):
            same.append(fact)
            continue
        shown = tuple(", ".join(f"{text} ({lines})" if lines else text for text, lines in v.items()) for v in values)
        groups["architecture" if fact in OF_AN_ARCHITECTURE else "training"].append(
            Difference(fact, tuple(text or None for text in shown))
        )
    return Comparison([run.run_id for run in runs], groups, same, _layer_difference(runs), of_scripts=True)


def settings_of(run: RunRecord) -> dict[str, Any]:
    """The settings under dotted keys, without those of OF_A_RUN."""
    return {key: value for key, value in flatten(run.config).items() if not key.startswith(OF_A_RUN)}


def _under_one_protocol(runs: Sequence[RunRecord]) -> Sequence[RunRecord]:
    shared = [protocol for protocol in runs[0].evaluations if all(protocol in run.evaluations for run in runs)]
    if not shared or len({run.protocol for run in runs}) == 1:
        return runs
    shown = [replace(run, metrics=dict(run.metrics)) for run in runs]
    for run in shown:
        run.show_evaluation(shared[-1])
    return shown


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested configuration under dotted keys, as Hydra overrides name them: {"model.channels": 64}."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _sort_in(difference: Difference, differing: list[Difference], same: list[str]) -> None:
    first, *others = difference.values
    if any(value != first for value in others):
        differing.append(difference)
    elif first is not None:
        same.append(difference.fact)


def _layer_difference(runs: Sequence[RunRecord]) -> list[str]:
    if len(runs) != 2 or not all(run.layers for run in runs) or runs[0].layers == runs[1].layers:
        return []
    before, after = runs
    if SCRIPT in before.extra:
        return _script_layers(before, after)
    return list(difflib.unified_diff(before.layers, after.layers, before.run_id, after.run_id, n=1, lineterm=""))


def _script_layers(before: RunRecord, after: RunRecord) -> list[str]:
    """As a unified diff without its heads, each layer with the line that makes it."""
    old, new = (layers_of(run.extra, run.layers) for run in (before, after))
    matcher = difflib.SequenceMatcher(None, before.layers, after.layers, autojunk=False)
    changed: list[str] = []
    for tag, old_first, old_end, new_first, new_end in matcher.get_opcodes():
        if tag != "equal":
            changed += [f"- {layer}  ({line})" for layer, line in old[old_first:old_end]]
            changed += [f"+ {layer}  ({line})" for layer, line in new[new_first:new_end]]
    return changed
