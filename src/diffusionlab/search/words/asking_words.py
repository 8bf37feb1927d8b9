"""Words for what is asked of the runs: an order, figures of groups, facts of single runs, yes or no, pictures."""

from __future__ import annotations

from typing import Literal

# -- orders

SUPERLATIVES: dict[tuple[str, str | None], str] = {
    ("best", None): "best, top, best performing, top performing, best scoring, strongest, most accurate, "
    "most successful, leading, highest quality, best quality, best rated, winning, winner, leader, champion, finest, "
    "optimal, performs best, performed best, did best, scored best, works best, worked best, perform best, runner up",
    ("worst", None): "worst, poorest, worst performing, weakest, least accurate, lowest quality, bottom, did worst, "
    "performed worst",
    ("low", None): "lowest, minimum, min, minimal, least, fewest",
    ("high", None): "highest, maximum, max, greatest, most, maximal",
    ("low", "num_parameters"): "smallest, tiniest, lightest, most compact, littlest, least heavy, cheapest, "
    "least expensive",
    ("high", "num_parameters"): "most expensive, largest, biggest, heaviest, hugest",
    ("high", "size_bytes"): "largest file, biggest file, largest files, biggest files, largest script, biggest script, "
    "longest script, largest script file, biggest script file, largest on disk, biggest on disk, largest checkpoint",
    ("low", "size_bytes"): "smallest file, smallest files, smallest script, shortest script, smallest script file, "
    "smallest on disk, smallest checkpoint",
    ("best", "speed"): "fastest, quickest",
    ("worst", "speed"): "slowest",
    ("high", "seconds"): "longest, longest running, longest training",
    ("low", "seconds"): "shortest, briefest",
    ("high", "created_at"): "newest, latest, most recent, most recently, youngest, last, recent, recently, very last, "
    "lately, final, very latest, most recently created, penultimate",
    ("low", "created_at"): "oldest, earliest, first, very first, longest ago, least recent, least recently",
}
"""(direction, the column when none is named) -> words. Direction: best, worst (by the column), low, high."""

OF_TWO: dict[str, str] = {
    **dict.fromkeys(("larger", "bigger"), "largest"),
    **{"smaller": "smallest", "heavier": "heaviest", "lighter": "lightest", "faster": "fastest", "slower": "slowest"},
    **{"newer": "newest", "later": "latest", "older": "oldest", "earlier": "earliest"},
    **{"longer": "longest", "shorter": "shortest"},
    **dict.fromkeys(("more", "higher", "greater"), "highest"),
    **dict.fromkeys(("fewer", "less", "lower"), "lowest"),
}
"""What is asked of two runs -> the superlative that asks the same: "which is larger, run-015 or run-022?" """

ORDERS: tuple[tuple[str, str, bool | None], ...] = (
    (
        "sorted by, sort by, ordered by, order by, ranked by, rank by, ranking by, in order of, ordered, sorted, "
        "ranked, sort, rank, ranking, arranged by, listed by, leaderboard",
        "sorted",
        None,
    ),
    (
        "by, in terms of, according to, with respect to, wrt, w r t, based on, measured by, judged by, regarding, "
        "when it comes to, as measured by, concerning",
        "by",
        None,
    ),
    (
        "per, for each, for every, of each, of every, in each, by each, each, grouped by, on each, on every, "
        "within each, in every, every",
        "per",
        None,
    ),
)
"""(words, kind, payload)"""

DIRECTIONS: tuple[tuple[str, str, bool | None], ...] = (
    (
        "ascending, increasing, asc, from low to high, lowest first, smallest first, from smallest to largest, "
        "best first, low to high, lowest to highest, smallest to largest, best to worst",
        "order",
        False,
    ),
    (
        "descending, decreasing, desc, from high to low, highest first, largest first, reverse, worst first, "
        "high to low, highest to lowest, largest to smallest, worst to best",
        "order",
        True,
    ),
    (
        "newest first, latest first, most recent first, newest to oldest, latest to earliest, new to old",
        "chronological",
        True,
    ),
    (
        "oldest first, earliest first, oldest to newest, oldest to latest, earliest to latest, old to new, "
        "oldest to most recent, chronologically, chronological order, in chronological order",
        "chronological",
        False,
    ),
)
"""(words, kind, whether the highest or newest comes first)"""


# -- figures of groups

How = Literal["count", "distinct", "mean", "median", "min", "max", "sum", "std", "share", "percent"]
TimeUnit = Literal["hour", "weekday", "day", "week", "month", "quarter", "year"]
Unit = TimeUnit | Literal["folder"]

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
    "usual, most usual, favourite, favorite, most typical, used most often, used the most, used most, go to, busiest",
    False: "least common, rarest, least used, least popular, least frequent, least often, least frequently used, "
    "least often used, least commonly used, rarely used, used least, used the least, used least often",
}
"""Whether the value with the most runs comes first -> the ways to ask for it."""

MANY = ("most", "highest", "largest", "biggest", "greatest", "maximum", "max")
FEW = ("fewest", "least", "lowest", "smallest", "minimum", "min")
"""Superlatives that count runs before a word for them: "the most runs"."""

LISTED = (
    "list, list me, show, show me, name, give me, which, what, tell me, display, print, enumerate, what are, "
    "which are, what were, which were, can you list, could you list, can you show me, could you show me, can you name, "
    "list for me, give me a list of, a list of, list of, show me a list of, i want to see, i want a list of"
)
"""How a question begins that asks for the values of a column: "list all architectures"."""
OF_ALL = "all the my our every each different distinct unique various any kind kinds type types sort sorts of"
"""What may stand before the column there."""

ONLY = ("only", "solely", "exclusively", "always", "nothing but")
ALL_OF = ("all", "every", "each")
"""How many of the runs of a group, or of the groups."""
OWN = ("name", "description", "notes", "path", "reason", "git_commit")
"""Columns of which each run has its own value, so that they make no groups."""
TIMES = {"once": 1.0, "twice": 2.0}
"""How often a value was used."""
EXACTLY = ("exactly", "only", "just", "precisely")
ONE_RUN = ("single", "one")
"""Before "run": exactly one."""

UNITS: dict[Unit, str] = {
    "hour": "hour, hours, hour of the day, hour of day, time of day",
    "weekday": "weekday, weekdays, day of the week, day of week, days of the week",
    "day": "day, days, date, dates, calendar day",
    "week": "week, weeks, calendar week",
    "month": "month, months, calendar month",
    "quarter": "quarter, quarters",
    "year": "year, years",
    "folder": "folder, folders, directory, directories",
}
"""Period, or the folder of a path -> its names after "per", "each", "by" or "which"."""

EACH: dict[Unit, str] = {
    "hour": "hourly",
    "day": "daily, day by day",
    "week": "weekly, week by week",
    "month": "monthly, month by month",
    "quarter": "quarterly",
    "year": "yearly, annually, annual, year by year",
}
"""Period -> the words that mean "per period" by themselves."""


# -- single runs

FACTS: dict[tuple[str, ...], str] = {
    (
        "status",
        "reason",
        "description",
        "notes",
    ): "why did, why, reason for, reason why, reason, the reason, what is the reason, "
    "why has, why is, why was, why does, what went wrong, what happened, "
    "what went wrong with, what happened to, what happened with, what is wrong with, whats wrong with, what caused, "
    "how come, what became of, what was the matter with, what stopped, what killed, what broke",
    (
        "created_at",
    ): "when did, when was, when were, when is, when have, since when, what day, which day, what date, when, "
    "how long ago, how old, how many days between, how many weeks between, how many hours between, "
    "how many minutes between, how long between, days between, time between, the time between, "
    "how much time between, which month, what month, in which month, in what month, which week, in which week, "
    "which year, in which year, in what year, which weekday, on which weekday, which day of the week, "
    "on which day of the week, what day of the week, on what day of the week, on which day, on what day, "
    "on which date, on what date, which date",
    (
        "path",
        "checkpoint",
    ): "where is, where are, where did, where was, where does, where can, where do, in which folder, "
    "which folder, where, which directory, in which directory",
    ("seconds",): "how long did, how long was, how long has, how long does, how long",
    ("hardware",): "what gpu, which gpu, what gpus, which gpus, what hardware, which hardware, what machine, "
    "which machine, what card, which card, on what, what accelerator, which accelerator, on which gpu, on what gpu",
    ("host",): (
        "who trained, who started, who ran, who made, which host, what host, which server, what server, which node, "
        "on which host"
    ),
    ("git_commit",): "which commit, what commit, from which commit, which git commit, what code version",
    ("command",): "what command, which command, how was it started, how did i start, with what command, how do i rerun",
    ("num_parameters",): "how big, how large, how many parameters does, how many parameters",
    (
        *("status", "created_at", "dataset", "architecture", "arch_tags", "num_parameters", "optimizer", "lr"),
        *("batch_size", "epochs", "schedule", "parameterization", "hardware", "fid", "val_loss", "description"),
    ): "tell me about, tell me more about, describe, info on, info about, information on, information about, "
    "an overview of, overview of, give me an overview of, details on, the details of, give me the details of, "
    "give me details of, show me the details of, show details of, tell me everything about, everything about, "
    "tell me all about, all about, all details of, details of, "
    "details about, what do you know about, what do we know about, what is known about, all facts about, "
    "show me everything about, show everything about, summary of, summarize, summarise",
    ("description",): "what is, what was",
    (
        "architecture",
        "arch_tags",
        "num_parameters",
    ): "what architecture, which architecture, what network, which network",
    ("lr",): "how high was the learning rate",
}
"""Columns that tell it -> how the question begins."""

SETTINGS = ("optimizer", "lr", "batch_size", "epochs", "schedule", "parameterization", "architecture", "hardware")
"""What tells "the settings of run-020" and "what hyperparameters did the best run use"."""
SETTINGS_ASKED = (
    r"(?:(?:show|give|list|print|tell|me|us|the|all|every|what|which|are|is|were|full|complete|exact|training|model)\s+)*"
    r"(?:settings?|hyper-?param(?:eter)?s?|configs?|configurations?|setup)\s+(?:of|for|from|in|did|does|do|was|were)\b"
    r"|how\s+(?:was|were)(?=.*\b(?:trained|configured|set up)\b)"
)
"""A pattern: how such a question begins."""

INDIRECT = (
    "can you tell me, could you tell me, can you show me, do you know, do we know, do i know, do you remember, "
    "do we remember, do i remember, is it known, is it recorded, tell me, remind me, i want to know, i wonder"
)
"""What may stand before a question: "do we know how long run-020 took?" """

FILES = ("checkpoint", "checkpoints", "file", "files", "script", "scripts", "notebook", "notebooks")
IMAGES = ("image", "images", "picture", "pictures")
"""What has a size of its own: "how big is the checkpoint of run-020?" """
DATES = ("date", "dates")
"""What tells that dates are asked for: "created and modified date of run-020"."""
SAID_OF_FACTS = ("written", "coded", "stored", "kept", "saved", "located", "placed")
"""Further words of a question for them: "when was run-020 written?" """

YES_NO = ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would")
NOT_SO = ("isn't", "aren't", "wasn't", "weren't", "doesn't", "didn't", "hasn't", "haven't")
"""Likewise, and they negate nothing: "isn't run-010 a U-Net?" """
POLITE = ("can", "could", "would", "will")
"""Those of them that beg for something if "you" or "I" follows."""
EXIST = "there i we you my our any anything anybody anyone it run runs"
"""What follows in "are there", "do I have", "did any": is there such a run at all?"""
BY_THE_WAY = ("yet", "again", "already", "once", "usually", "often", "always", "typically", "like", "long", "before")
"""Words that, left unread, change no yes or no."""
EVERY = "all every everything each both most no none nothing"
"""What follows in "do all", "did every": are all of them so, most or none?"""
HAS = ("have", "get", "reach", "achieve", "give", "show")
"""Verbs after "does" and "did", before what one run may be the first by."""
RATIO = ("ratio", "ratio of", "ratios", "ratios of", "the ratio of")
HELP = ("help", "helps", "helped", "improve", "improves", "improved", "benefit", "benefits")
HARM = ("hurt", "hurts", "harm", "harms", "harmed", "worsen", "worsens", "worsened")
"""What a condition may do to the results of the runs that meet it: "does attention help?" """
CHANGES = (
    *("improve", "improved", "change", "changed", "drop", "dropped", "fall", "fell", "decrease", "decreased"),
    *("increase", "increased", "rise", "rose", "gain", "gained", "grow", "grew", "differ", "worsen", "worsened"),
)
"""What a figure may do between two runs: "how much did the FID improve from run-019 to run-020?" """
PICTURES = (
    "images of, pictures of, samples of, sample images of, sample grid of, sample grids of, the samples of, "
    "generated images of, image of, picture of, samples from, images from, pictures from, sample of, "
    "generated samples of, what does it generate, show images of, thumbnails of, thumbnail of, images by, samples by, "
    "pictures by"
)
