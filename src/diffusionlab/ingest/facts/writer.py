"""Where rules write: values become facts with their lines, what depends on the caller is noted, contradictions kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diffusionlab.ingest.record import Conflict, Fact
from diffusionlab.ingest.source import Place
from diffusionlab.ingest.values import Choice, Const, Seq, Unknown, Value

NUMBERS: dict[str, Callable[[Any], bool]] = {
    "lr": lambda x: 0 < x <= 100,
    "weight_decay": lambda x: 0 < x < 10,
    "batch_size": lambda x: x >= 1 and x == int(x),
    "epochs": lambda x: x >= 1 and x == int(x),
    "steps": lambda x: x >= 1 and x == int(x),
    "timesteps": lambda x: x >= 2 and x == int(x),
    "num_classes": lambda x: x >= 2 and x == int(x),
    "image_size": lambda x: x >= 2 and x == int(x),
    "channels": lambda x: 1 <= x <= 16 and x == int(x),
    "beta_start": lambda x: 0 <= x < 1,
    "beta_end": lambda x: 0 < x <= 1,
    "ema": lambda x: 0 < x < 1,
    "seed": lambda x: x == int(x),
    "guidance": lambda x: x >= 0,
}


MAX_LINES = 24  # of evidence for one fact


class Writer:
    def __init__(self, place: Callable[[int], Place]) -> None:
        self.place = place
        self.facts: dict[str, list[Fact]] = {}
        self.facets: dict[str, list[int]] = {}
        self.depends: list[str] = []
        self.conflicts: list[Conflict] = []

    def places(self, lines: tuple[int, ...]) -> tuple[Place, ...]:
        return tuple(self.place(line) for line in dict.fromkeys(lines) if line)[:MAX_LINES]

    def facet(self, word: str, *lines: int) -> None:
        known = self.facets.setdefault(word, [])
        known += [line for line in lines if line and line not in known]

    def has(self, name: str) -> bool:
        return name in self.facts

    def say(
        self,
        name: str,
        value: Any,
        lines: tuple[int, ...] = (),
        stage: str | None = None,
        role: str | None = None,
        via: str | None = None,
    ) -> bool:
        """Add a fact; False if the value is not one that this field can have."""
        value = tidy(value)
        check = NUMBERS.get(name)
        if check is not None and (not isinstance(value, int | float) or isinstance(value, bool) or not check(value)):
            return False
        if check is not None and name not in ("lr", "weight_decay", "beta_start", "beta_end", "ema", "guidance"):
            value = int(value)
        fact = Fact(value, self.places(lines), stage, role, via)
        known = self.facts.setdefault(name, [])
        for i, other in enumerate(known):
            if other.value == value and other.stage == stage:
                merged = tuple(dict.fromkeys(other.lines + fact.lines))
                known[i] = Fact(value, merged, stage, other.role or role, other.via or via)
                return True
        known.append(fact)
        return True

    def tell(
        self,
        name: str,
        value: Value | None,
        *lines: int,
        stage: str | None = None,
        role: str | None = None,
    ) -> bool:
        """Add the fact that an abstract value stands for; what an option or an argument decides is noted as such."""
        if value is None:
            return False
        if isinstance(value, Choice):
            return self._one_of(name, value, lines, stage, role)
        if isinstance(value, Seq) and value.items:
            first = value.items[0]
            same = all(
                isinstance(one, Const) and isinstance(first, Const) and one.value == first.value for one in value.items
            )
            return self.tell(name, first, *lines, stage=stage, role=role) if same else False
        if isinstance(value, Const) and value.value is not None:
            return self.say(name, value.value, value.lines + lines, stage, role, value.via)
        if isinstance(value, Unknown) and value.asks:
            self.ask(name)
        return False

    def _one_of(self, name: str, value: Choice, lines: tuple[int, ...], stage: str | None, role: str | None) -> bool:
        known = [one for one in value.options if isinstance(one, Const) and one.value is not None]
        if not known:
            if any(isinstance(one, Unknown) and one.asks for one in value.options):
                self.ask(name)
            return False
        if len(known) == 1 or value.decided:
            return self.tell(name, known[0], *lines, stage=stage, role=role)
        facts = tuple(Fact(tidy(one.value), self.places(one.lines), stage, role, one.via) for one in known)
        if not any(one.field == name and one.values == facts for one in self.conflicts):
            self.conflicts.append(Conflict(name, facts))
        return False

    def ask(self, name: str) -> None:
        if name not in self.depends:
            self.depends.append(name)


def tidy(value: Any) -> Any:
    """A number without the dust of floating point: 0.02 from a formula, 1000 where the text says 1e3."""
    if isinstance(value, float):
        value = float(f"{value:.12g}")
    return value
