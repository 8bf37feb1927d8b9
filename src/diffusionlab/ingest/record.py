"""A script's facts, as they are printed and stored."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from diffusionlab.ingest.source import Place

FIELDS = (
    "framework", "framework_version", "architecture", "helper_modules", "unused_modules", "dataset", "subset",
    "num_classes", "image_size", "channels", "augmentation", "batch_size", "lr", "optimizer", "weight_decay",
    "lr_scheduler", "epochs", "steps", "schedule", "timesteps", "beta_start", "beta_end", "parameterization",
    "loss", "ema", "guidance", "hardware", "precision", "seed", "outputs",
)  # fmt: skip

FACETS = (
    "cnn", "unet", "residual", "resnet", "attention", "linear_attention", "transformer", "dit", "conditional",
    "cfg", "latent", "autoencoder", "vae", "gan", "classifier", "diffusion", "rnn", "rl", "mlp", "patch_embedding",
    "class_embedding", "time_embedding", "skip_connections", "batch_norm", "group_norm", "layer_norm",
    "instance_norm", "channel_attention", "vq",
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One thing that the code says.

    `lines` are the evidence: lines of the file, "cell:line" in a notebook, "FILE:line" in a file beside it. `via`: how
    the value was reached; None for a literal at the place of use. `stage`: which of several trainings it belongs to.
    `role`: which of several true values of one field this is.
    """

    value: Any
    lines: tuple[Place, ...]
    stage: str | None = None
    role: str | None = None
    via: str | None = None


@dataclass(frozen=True)
class Conflict:
    """Two places that say different things about a field."""

    field: str
    values: tuple[Fact, ...]


@dataclass
class Script:
    """What one file says about itself.

    `error` is one line where the file does not parse (what could be read is kept) or cannot be read at all. `facets`
    are facts whose values are words of `FACETS`. `depends_on_input` names the fields that the caller decides. `layers`
    and `sketch` (see `versions`) are kept in the record, but are no facts.
    """

    path: str
    sha256: str
    error: str | None = None
    facets: list[Fact] = field(default_factory=list)
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    depends_on_input: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    layers: list[tuple[str, Place]] = field(default_factory=list, compare=False)
    sketch: list[str] = field(default_factory=list, compare=False)

    def first(self, name: str) -> Any:
        """The value of a field that takes effect, None if the code does not show one."""
        facts = self.facts.get(name)
        return facts[0].value if facts else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "sha256": self.sha256,
            "error": self.error,
            "facets": [_slim(fact) for fact in self.facets],
            "facts": {name: [_slim(fact) for fact in facts] for name, facts in self.facts.items()},
            "depends_on_input": self.depends_on_input,
            "conflicts": [
                {"field": one.field, "values": [_slim(fact) for fact in one.values]} for one in self.conflicts
            ],
        }

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Script:
        """The inverse of `as_dict`."""
        return cls(
            given["path"],
            given["sha256"],
            given.get("error"),
            [_fact(one) for one in given.get("facets", [])],
            {name: [_fact(one) for one in facts] for name, facts in given.get("facts", {}).items()},
            list(given.get("depends_on_input", [])),
            [
                Conflict(one["field"], tuple(_fact(value) for value in one["values"]))
                for one in given.get("conflicts", [])
            ],
        )


def _slim(fact: Fact) -> dict[str, Any]:
    given = asdict(fact)
    given["lines"] = list(fact.lines)
    return {name: value for name, value in given.items() if value is not None or name == "value"}


def _fact(given: dict[str, Any]) -> Fact:
    value = given["value"]
    return Fact(value, tuple(given["lines"]), given.get("stage"), given.get("role"), given.get("via"))
