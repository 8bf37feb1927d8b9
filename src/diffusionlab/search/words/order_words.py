"""Words that order runs: best, smallest, newest, sorted by, of each."""

from __future__ import annotations

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
    "lately, final, very latest, most recently created",
    ("low", "created_at"): "oldest, earliest, first, very first, longest ago, least recent, least recently",
}
"""(direction, the column when none is named) -> words. Direction: best, worst (by the column), low, high."""

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
        "per, for each, for every, of each, in each, by each, each, grouped by, on each, on every, within each, "
        "in every, every",
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
