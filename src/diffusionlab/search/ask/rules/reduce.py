"""Neighbouring items joined to conditions, from left to right."""

from __future__ import annotations

from diffusionlab.search.ask.rules.against_average import against_average
from diffusionlab.search.ask.rules.against_best import against_best
from diffusionlab.search.ask.rules.around_runs import around_run
from diffusionlab.search.ask.rules.beside_runs import lineage, ratio
from diffusionlab.search.ask.rules.comparisons import framework_version, number_of_cards, same_period, two_columns
from diffusionlab.search.ask.rules.fields import (
    bound_of_field,
    comparative,
    field_quantity,
    flipped,
    number_list,
    quantity_of_field,
)
from diffusionlab.search.ask.rules.means_beside import means_beside
from diffusionlab.search.ask.rules.named_values import absence, free_value, text_of_field
from diffusionlab.search.ask.rules.reading import Reading, is_numeric
from diffusionlab.search.ask.rules.relative import (
    against_run,
    against_value,
    also_against,
    apart,
    no_measure,
    of_run,
    same_as,
    without_it,
)
from diffusionlab.search.ask.rules.settings import counted_setting, setting
from diffusionlab.search.ask.rules.settings_beside import settings_beside
from diffusionlab.search.ask.rules.sides import (
    beside_figure,
    beside_mean,
    helps,
    not_both,
    rank_among,
    than_the_others,
    the_others,
)
from diffusionlab.search.ask.rules.tags import tagged
from diffusionlab.search.read.items import Item
from diffusionlab.search.read.known import Known

RULES = (
    lineage,
    ratio,
    around_run,
    same_as,
    of_run,
    not_both,
    the_others,
    rank_among,
    than_the_others,
    beside_figure,
    beside_mean,
    means_beside,
    helps,
    same_period,
    two_columns,
    against_run,
    against_average,
    against_best,
    against_value,
    settings_beside,
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
    counted_setting,
    field_quantity,
    setting,
    tagged,
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
