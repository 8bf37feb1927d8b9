"""Names of months, weekdays, seasons and counts, and the patterns in which a date is made of them."""

from __future__ import annotations

import re

from diffusionlab.registry.filters.days import WEEKDAYS

_MONTHS = "january february march april may june july august september october november december"
MONTH_NAMES = tuple(_MONTHS.split())
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # first month
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: n for n, word in enumerate(f"{_UNITS} {_TEENS}".split())}
NUMBER_WORDS |= {word: 10 * n for n, word in enumerate(_TENS.split(), 1)}
NUMBER_WORDS |= {"a": 1, "an": 1, "couple of": 2, "a couple of": 2, "a couple": 2, "few": 3, "a few": 3, "several": 5}
NUMBER_WORDS |= {"hundred": 100, "a hundred": 100, "a dozen": 12, "dozen": 12}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
ORDINALS |= {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}

YEAR = r"(?P<year>(?:19[7-9]|20\d)\d)(?![\d.,]?\d)"
MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"  # noqa: E501
DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:%]|[.,]\d)"
WEEKDAY = r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)\b\.?"  # noqa: E501
UNIT = r"(?P<unit>minute|min|hour|hr|day|week|fortnight|month|quarter|year)s?\b"
COUNT = r"(?P<count>\d{1,6}|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + ")"
PART = (  # "start in June" is what runs do
    r"(?P<part>(?:early|mid|middle|late|first half|second half)(?=\s+of\s|\s+in\s|\s*-|\s)|"
    r"(?:beginning|start|end)(?!\s+in\b))(?:\s+of\s+|\s+in\s+|\s*-\s*|\s+)(?:the\s+)?"
)
SEASON = r"(?P<season>spring|summer|autumn|fall|winter)\b"
TIME_OF_DAY = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
FEASTS: dict[str, tuple[int, int]] = {
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new year": (1, 1),
    "new year's": (1, 1),
    "new year's day": (1, 1),
    "valentine's day": (2, 14),
    "halloween": (10, 31),
}
"""Feast -> month and day."""
EASTER: dict[str, int] = {
    "good friday": -2,
    "easter": 0,
    "easter sunday": 0,
    "easter monday": 1,
    "ascension day": 39,
    "pentecost": 49,
    "whitsun": 49,
    "whit sunday": 49,
    "whit monday": 50,
}
"""Feast -> days after Easter."""
FEAST = "(?P<feast>" + "|".join(
    name.replace("'", "'?").replace(" ", r"\s+") for name in sorted((*FEASTS, *EASTER), key=len, reverse=True)
) + r")\b(?!\s+weekend)"  # fmt: skip
PLURALS = (
    r"(?:runs|models|experiments|trainings|results|jobs|trials|networks|u-?nets|dits|cnns|mlps|resnets|transformers"
    r"|autoencoders|vaes)\b"
)
"""What people call several runs."""
ONE_DAY = "on since until till before after between by through to and last this next past previous coming"
"""Words before a weekday that make it a single one: "last Monday runs"."""
CLAUSE = (
    "which that what who is are was were do does did has have had and or of in on with from at for the my our all any"
)
"""Words that part a weekday from the runs after it: "on Monday which runs failed"."""
BEFORE_DATES = (
    "in since until till before after during of from through between by last this early mid late on starting modified "
    "updated created throughout"
)
"""Words after which an ambiguous one is a date."""
AMBIGUOUS = {"may", "march", "mar", "sun", "sat", "mon", "wed", "fri", "fall", "dec", "spring"}


def number(word: str) -> int:
    """A count as digits or as a word."""
    word = re.sub(r"\s+", " ", word)
    return int(word) if word.isdigit() else NUMBER_WORDS[word]


def weekday_number(word: str) -> int:
    """0 for "mon" and "mondays"."""
    return next(i for i, name in enumerate(WEEKDAYS) if name.startswith(word[:3]))


def month_number(word: str) -> int:
    return next(i for i, name in enumerate(MONTH_NAMES, 1) if name.startswith(word[:3]))
