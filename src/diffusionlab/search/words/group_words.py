"""Words for figures of groups: how a figure is taken, how often a value is used, and the periods to group by."""

from __future__ import annotations

from typing import Literal

How = Literal["count", "distinct", "mean", "median", "min", "max", "sum", "std", "share", "percent"]
Unit = Literal["hour", "weekday", "day", "week", "month", "quarter", "year"]

HOWS: dict[How, str] = {
    "mean": "average, mean, avg, on average, typical, averaged, averages, means of, mean value of, average value of",
    "median": "median, medians, median value of",
    "sum": "sum of, sum, total, summed, cumulative, combined, total amount of, totals",
    "std": "standard deviation, standard deviations, std, stdev, std dev, stddev, standard deviation of, sd, spread, "
    "spread of, variation of, scatter of",
    "min": "minimum value of, smallest value of, lowest value of",
    "max": "maximum value of, largest value of, highest value of",
}
"""How a figure is taken -> the ways to say it."""

SHARES: dict[How, str] = {
    "share": "share of, fraction of, proportion of, what share of, what fraction of, what proportion of, share, "
    "proportion, fraction, portion of, what portion of, portion, ratio of, what part of",
    "percent": "percentage of, percentage, what percentage of, how many percent of, how many percent, what percent of, "
    "what percent, percent of, how much percent",
}
"""How the part of the runs that meet a condition is told, as 0.05 or as 5 -> the ways to ask for it."""
RATES: dict[tuple[str, ...], str] = {
    ("failed", "crashed"): "failure rate, failure rates, crash rate, crash rates, rate of failure",
    ("finished",): "success rate, success rates, completion rate",
}
"""Statuses of which a share is asked -> the ways to ask for it."""

EXTREMES: dict[str, How] = {
    **dict.fromkeys(("min", "minimum", "lowest", "smallest", "minimal"), "min"),
    **dict.fromkeys(("max", "maximum", "highest", "largest", "maximal"), "max"),
}
"""Superlatives that are figures beside another one: "min, max and mean FID"."""

FREQUENT: dict[bool, str] = {
    True: "most common, most used, most popular, most frequent, most frequently used, most often used, commonest, "
    "most often, most frequently, most commonly used, most commonly, most widely used, mostly used, predominant, "
    "usual, most usual, favourite, favorite, most typical, used most often, used the most, used most, go to",
    False: "least common, rarest, least used, least popular, least frequent, least often, least frequently used, "
    "least often used, least commonly used, rarely used, used least, used the least, used least often",
}
"""Whether the value with the most runs comes first -> the ways to ask for it."""

MANY = ("most", "highest", "largest", "biggest", "greatest", "maximum", "max")
FEW = ("fewest", "least", "lowest", "smallest", "minimum", "min")
"""Superlatives that count runs before a word for them: "the most runs"."""

UNITS: dict[Unit, str] = {
    "hour": "hour, hours, hour of the day, hour of day, time of day",
    "weekday": "weekday, weekdays, day of the week, day of week, days of the week",
    "day": "day, days, date, dates, calendar day",
    "week": "week, weeks, calendar week",
    "month": "month, months, calendar month",
    "quarter": "quarter, quarters",
    "year": "year, years",
}
"""Period -> its names after "per", "each", "by" or "which"."""

EACH: dict[Unit, str] = {
    "hour": "hourly",
    "day": "daily, day by day",
    "week": "weekly, week by week",
    "month": "monthly, month by month",
    "quarter": "quarterly",
    "year": "yearly, annually, annual, year by year",
}
"""Period -> the words that mean "per period" by themselves."""
