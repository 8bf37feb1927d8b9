"""Words that join, compare and negate, and those for the runs themselves."""

from __future__ import annotations

COMPARATORS: dict[str, str] = {
    "<": "below, under, less than, lower than, smaller than, fewer than, beneath, less, shorter than, lesser than, "
    "not as high as, cheaper than, inferior to, lighter than, sub",
    ">": "over, above, more than, greater than, higher than, larger than, bigger than, exceeding, exceeds, exceed, "
    "beyond, upwards of, in excess of, longer than, larger, bigger, exceeded, heavier than, surpassing",
    "<=": "at most, no more than, not more than, up to, maximum of, max of, no higher than, no greater than, "
    "no larger than, not over, not above, not exceeding, at the most, a maximum of, no bigger than, not higher than, "
    "not larger than, not greater than, no longer than, not bigger than, capped at, does not exceed, not exceed, "
    "smaller or equal to, smaller than or equal to, less than or equal to, lower than or equal to, equal "
    "to or less than, "
    "equal or below, at or below, at or under, at or less than, equal to or below, below or equal to, "
    "less than or equal, smaller than or equal, lower than or equal, lte, le, or less than, fits in, "
    "fit in, fits into, fit into, fits within, fit within, fitting in, fitting into",
    ">=": "at least, no less than, not less than, no fewer than, not fewer than, minimum of, min of, a minimum of, "
    "not below, not under, no lower than, no smaller than, not lower than, not smaller than, at the least, "
    "greater than or equal to, more than or equal to, higher than or equal to, equal to or more than, "
    "greater than or equal, more than or equal, higher than or equal, larger than or equal, "
    "larger than or equal to, at or above, at or over, equal to or greater than, above or equal to, "
    "equal to or above, gte, ge",
    "=": "exactly, equal to, equals, equal, precisely, is exactly",
    "~": "about, around, approximately, roughly, approx, circa, nearly, near, ca, close to",
    "best": "better than, beating, beats, beat, outperforming, outperforms, outperform, superior to, improved on, "
    "improves on, improve on, improving on, improved upon, improves upon, improve upon, outperformed, outdoes, outdid",
    "worst": "worse than",
    "best=": "no worse than, not worse than, at least as good as",
    "worst=": "no better than, not better than, at most as good as",
}
OPERATOR_SIGNS = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "=": "=",
    "==": "=",
    "≤": "<=",
    "≥": ">=",
    "!=": "!=",
    "<>": "!=",
    "≠": "!=",
    "~": "~",
    "≈": "~",
}
AFTERWARDS = {
    ">=": "or more, or higher, or greater, or larger, or above, or over, or bigger, and more, and above, "
    "and up, or longer, upwards, and higher, or up, and over, minimum, at minimum, at least",
    "<=": "or less, or fewer, or lower, or smaller, or below, or under, and below, and less, or shorter, "
    "and under, maximum, tops, at most, at maximum",
    "~": "or so, or thereabouts, give or take",
    "best=": "or better, and better",
    "worst=": "or worse, and worse",
}
NEGATIONS: dict[str, str] = {
    "not": "not, non, isnt, arent, doesnt, dont, didnt, wasnt, werent, hasnt, havent, nor, never, cannot, cant, "
    "isn't, aren't, doesn't, don't, didn't, wasn't, weren't, hasn't, haven't, can't, isnot, !, "
    "wont, won't",
    "without": "without, no, w o, lacking, lack, lacks, missing, neither, neither of, neither on, none of, sans, "
    "different from, with no, but no, and no, nothing on, nothing from, nothing with, outside of, outside, "
    "free of, devoid of, avoiding, avoid, that lack, not any",
    "except": "excluding, excl, with exception of, exclude, excludes, except, except for, except on, "
    "exept, excepting, other than, apart from, "
    "aside from, besides, all but, anything but, everything but, everything except, anything except, any other than, "
    "minus, leaving out, leave out, omitting, omit, ignoring, ignore, skipping, skip, not counting, not including, "
    "without counting, disregarding, disregard, not considering, with the exception of, save for, bar, barring, "
    "all except, not taking, discounting, rather than, instead of, leaving aside, setting aside, putting aside, "
    "leaving away, with the exclusion of, exclusive of, excluded are, except those, not taking into account, "
    "without taking, to the exclusion of, filtering out, filter out, but for, save the, save those, "
    "save ones",
}
CONNECTORS = {
    "and": "and, plus, as well as, along with, together with, also, both, including, &",
    "or": "or, and or, any of, one of, |",
    "but": "but, yet, though, although, however, whereas, while",
    "vs": "vs, versus, against, v s, compared to, compared with, as opposed to",
    "nor": "nor",
}
CARRIERS = (  # words after which a negation no longer reaches: "without attention on MNIST"
    "with, on, using, use, uses, used, having, has, have, had, in, that use, trained, train, trained on, that are, "
    "which are, that were, that have, which have, employ, employing, employs, via, through, by, from, "
    "where, whose, whose"
)
USING = (
    *("with", "having", "has", "have", "had", "that have", "which have", "use", "uses", "used", "using", "that use"),
    *("employ", "employs", "employed", "employing", "utilize", "utilizes", "utilizing", "apply", "applies", "applied"),
    *("applying", "include", "includes", "including", "feature", "features", "featuring", "featured", "implement"),
    *("implements", "implementing", "implemented", "enable", "enables", "enabled", "enabling", "involve", "involving"),
    *("need", "tried", "got", "via", "through"),
)
"""Words before a setting that is on."""
IN_USE = ("used", "applied", "enabled", "on", "active", "activated", "employed", "true", "yes")
OUT_OF_USE = ("disabled", "off", "false", "no", "inactive", "deactivated", "null", "none", "unused", "not set")
"""Words that tell of a setting that it is on, and that it is off."""
NOUNS = (
    "run, models, model, runs, experiments, experiment, training, trainings, trial, trials, network, networks, "
    "result, results, one, ones, job, jobs, checkpoint, checkpoints, denoiser, denoisers, entry, entries, row, "
    "rows, attempt, attempts, session, sessions, architecture, architectures, net, "
    "nets, thing, things, study, studies, system, systems, design, designs, "
    "setup, setups, configuration, configurations, config, configs, generator, generators"
)
"""What people call the runs."""
SCRIPTS = "script, scripts"
"""What people call records that were read from code, and runs where there are none."""
FOLDERS = ("folder", "folders", "directory", "directories")
"""What people call what files lie in."""
VERSIONS = ("versions", "version", "copies", "revisions", "variants")
"""What people call scripts that differ by a few lines."""
NOTEBOOKS = "notebook, notebooks"

ASKED: tuple[tuple[str, str, str | None], ...] = (
    (
        "compare, compares, comparison, comparing, comparisons, difference, differences, differ, differs, contrast, "
        "how different, gap between, gap, distinguish, changed between, change between, "
        "changes between, changed from, change from, "
        "distinguishes, separates, side by side, diff",
        "compare",
        None,
    ),
    (
        "how many, number of, count, count of, total number of, the number of, how often, counts, tally, quantity of, "
        "run count, run counts, amount of runs",
        "count",
        None,
    ),
    (
        "like, similar to, similar, resembling, resemble, resembles, comparable to, nearest to, closest to, "
        "neighbours of, neighbors of, most similar to, look like, looks like, most like, alike, akin to, similarly to, "
        "much like, similar as, close to, closest",
        "like",
        None,
    ),
)
"""(words, kind, payload) of what is asked about the runs that are found."""

JOINING: tuple[tuple[str, str, None], ...] = (
    ("same, identical, equal, as many, as few, as much", "same", None),
    ("different, distinct, unique", "different", None),
    (
        "distribution of, distribution, breakdown of, breakdown, histogram of, histogram, statistics of, overview of, "
        "frequency of, frequencies of, spectrum of",
        "distribution",
        None,
    ),
    ("nothing but, nothing except, solely, exclusively", "carrier", None),
    ("with or without, with and without, with vs without, with versus without", "either way", None),
    (
        "excluded, left out, omitted, set aside, aside, not included, disregarded, are excluded, left aside",
        "excluded",
        None,
    ),
    ("but not both, not both, but not both of them, exclusively one of", "not both", None),
)
COMPARATIVES: dict[str, str] = {
    "<": "lower, smaller, fewer, less, shorter",
    ">": "higher, larger, bigger, more, greater, longer",
    "best": "better",
    "worst": "worse",
    "": "older, newer, later, earlier, younger, sooner, faster, slower, cheaper, deeper, wider, simpler",
}
"""Operator -> the words that say it before a field: "fewer epochs than 100"; "" is for those that rules read alone."""
REACHING = ("reach", "reached", "reaches", "reaching", "hit", "hits", "hitting", "attain", "attains", "attained")
"""Words before a figure of quality: that or better."""
WOULD = ("would", "i'd", "we'd", "you'd", "he'd", "she'd", "they'd", "should")
"""Words before "like" with which it is a wish."""
BE = ("be", "is", "are", "was", "were", "been", "being", "isn't", "aren't")
HAVE = ("have", "has", "had", "having", "haven't", "hasn't")
SUBJECTS = (
    *("i", "we", "you", "they", "he", "she", "people", "anyone", "someone", "been"),
    *("ever", "already", "just", "so", "yet", "both", "not", "never"),
)
"""Words that may stand between "have" and "done"."""
WRITTEN = ("written", "wrote", "coded", "programmed", "program", "programs")
WRITE = ("write", "code", "writing", "coding")
WRITERS = ("i", "we", "you", "he", "she", "they")
"""What says, beside a date, that a script was made then; after one of WRITERS, that it was made at all."""
OF_A_DEED = ("for", "at", "during", "under", "since", "between", "from", "to", "within", "by", "before", "after")
"""Words behind "done" that tell where or when something was done."""
THOSE = "those, these, of them, among them"
RANK = ("rank", "ranks", "ranked", "place", "position", "placed")
"""Where one run stands among others."""
REST = ("others", "other", "rest", "remaining", "remainder")
"""All runs but the one that is named."""
SINGLE_RUNS = ("any", "there", "all", "every", "each", "some", "most")
"""After the verb of a question: each run is meant by itself, rather than their mean."""
PERCENT = "percent, per cent, pct"
STATES: tuple[tuple[str, str, None], ...] = (
    (
        "unknown, missing, undefined, null, not available, unavailable, not known, not recorded, not set, absent, na, "
        "not measured, not reported, empty, blank, not computed",
        "unknown",
        None,
    ),
    ("known, measured, reported, available, recorded, defined, computed", "known", None),
)
RANGES: tuple[tuple[str, str, None], ...] = (
    ("as, than", "than", None),
    (
        "between, ranging from, in the range, in the range of, anywhere between, ranging between, from",
        "between",
        None,
    ),
    ("to, through, until, up to, till", "to", None),
)
DIGITS: dict[str, tuple[int, int]] = {
    "single digit, single digits, single figures": (0, 10),
    "double digit, double digits, double figures": (10, 100),
    "triple digit, triple digits, triple figures": (100, 1000),
    "teens": (13, 20),
    "twenties": (20, 30),
    "thirties": (30, 40),
    "forties": (40, 50),
    "fifties": (50, 60),
    "sixties": (60, 70),
    "seventies": (70, 80),
}
"""Words for half-open ranges of numbers."""
