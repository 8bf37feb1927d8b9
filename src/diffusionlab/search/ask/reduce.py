"""Items joined to conditions: "lr below 1e-3", "at least 5M parameters", "same dataset as run-020", "without fid"."""

from __future__ import annotations

from diffusionlab.search.ask.absence import absence
from diffusionlab.search.ask.fields import (
    bound_of_field,
    comparative,
    field_quantity,
    flipped,
    number_list,
    quantity_of_field,
)
from diffusionlab.search.ask.lineage import lineage
from diffusionlab.search.ask.moments import same_period
from diffusionlab.search.ask.named_values import free_value, text_of_field
from diffusionlab.search.ask.ratios import ratio
from diffusionlab.search.ask.reading import Reading, is_numeric
from diffusionlab.search.ask.relative import (
    against_run,
    against_value,
    also_against,
    apart,
    no_measure,
    of_run,
    same_as,
    without_it,
)
from diffusionlab.search.ask.two_columns import two_columns
from diffusionlab.search.ask.versions import framework_version, number_of_cards
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known

RULES = (
    lineage,
    ratio,
    same_as,
    of_run,
    same_period,
    two_columns,
    against_run,
    against_value,
    also_against,
    without_it,
    text_of_field,
    number_of_cards,
    framework_version,
    bound_of_field,
    apart,
    flipped,
    comparative,
    number_list,
    field_quantity,
    free_value,
    absence,
    quantity_of_field,
    no_measure,
)
"""At each place the first rule that reads something wins."""


def reduce(items: list[Item], known: Known) -> Reading:
    """The items with all that the rules can join as conditions; what they cannot join stays."""
    reading = Reading(items, known)
    i = 0
    while i < len(items):
        i = next((after for rule in RULES if (after := rule(reading, i))), 0) or _keep(reading, i)
    return reading


def _keep(reading: Reading, i: int) -> int:
    item = reading.items[i]
    if item.kind == "field" and is_numeric(item.payload):
        reading.field = item.payload
    reading.out.append(item)
    return i + 1
