"""Conditions on days and hours that LanceDB has no predicate for; evaluated in Python, in UTC."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from diffusionlab.registry.filters.filter import Leaf

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RECURRING = {"weekday": len(WEEKDAYS), "hour": 24}
PERIODS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "day": lambda moment: (moment.year, moment.month, moment.day),
    "week": lambda moment: moment.isocalendar()[:2],
    "quarter": lambda moment: (moment.year, (moment.month + 2) // 3),
    "month": lambda moment: (moment.year, moment.month),
    "year": lambda moment: (moment.year,),
}


class DayLeaf(Leaf):
    """A condition that looks at the calendar of a run's moments; `column` is a name that no column has."""


@dataclass(frozen=True)
class Recurring(DayLeaf):
    """`moment` (`created_at` or `modified_at`) is on one of these weekdays (0 is Monday), or in one of these hours."""

    moment: str
    unit: str  # of RECURRING
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if not all(0 <= value < RECURRING[self.unit] for value in self.values):
            raise ValueError(f"a {self.unit} is a number from 0 to {RECURRING[self.unit] - 1}")

    @property
    def column(self) -> str:  # type: ignore[override]
        return f"{self.moment.removesuffix('_at')}_{self.unit}"

    def reads(self) -> set[str]:
        return {self.moment}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        moment = row.get(self.moment)
        if moment is None:
            return None
        return (moment.weekday() if self.unit == "weekday" else moment.hour) in self.values


@dataclass(frozen=True)
class SamePeriod(DayLeaf):
    """The run was last modified on the day (in the week, month, year) in which it was created."""

    unit: str  # of PERIODS

    @property
    def column(self) -> str:  # type: ignore[override]
        return f"modified_{self.unit}"

    def reads(self) -> set[str]:
        return {"created_at", "modified_at"}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        created, modified = row.get("created_at"), row.get("modified_at")
        period = PERIODS[self.unit]
        return None if created is None or modified is None else period(created) == period(modified)
