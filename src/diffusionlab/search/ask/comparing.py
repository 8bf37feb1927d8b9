"""Words that compare, by what stands beside them: "by how much", "more U-Nets than DiTs", "which is larger"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diffusionlab.search.read.items import Item
from diffusionlab.search.words.asking_words import CHANGES, OF_TWO, RATIO, YES_NO
from diffusionlab.search.words.lexicon import phrases


def how_much(items: list[Item], i: int) -> Item | None:
    """ "By how much is A better than B", "how much lower is the fid of A than that of B": whether, and the figures."""
    said = " ".join(item.words.lower() for item in items[max(0, i - 2) : i + 3])
    words = items[i].words.lower()
    if words in ("by", "much") and "by how much" in said:
        return replace(items[i], kind="filler", words="how")
    named = [item.kind for item in items if item.kind in ("run", "superlative")]
    runs = len(named) > 1 and "run" in named
    if words == "far" and items[i - 1].words.lower() == "how" and runs:
        return replace(items[i], kind="compare")  # "how far is run-020 from the best run"
    if words == "much" and items[i - 1].words.lower() == "how" and runs:
        return replace(items[i], kind="filler", words="how")
    asked = any(items[k].words.lower() == "much" and items[k - 1].words.lower() == "how" for k in range(1, i))
    if runs and asked and words in CHANGES:  # "how much did the FID improve from A to B"
        return replace(items[i], kind="compare")
    many = runs and items[i].kind == "count" and words == "how many"
    following = items[i + 1] if many and i + 1 < len(items) else None
    if following and (following.kind == "comparative" or following.words.lower() == "times"):
        return replace(items[i], kind="filler", words="how")  # "how many (times) more epochs has A than B"
    if runs and words == "times" and items[i - 1].words.lower() == "how many":
        return replace(items[i], kind="filler", words="how")
    measured = items[i].kind in ("comparative", "comparator") and not words.endswith(" than")
    more = measured and items[i - 1].words.lower() in ("much", "how many", "times")
    return replace(items[i], kind="compare") if more and runs else None


def of_two_runs(items: list[Item], i: int) -> Item | None:
    """ "Which is larger, run-015 or run-022", "did run-019 or run-020 get the lower FID": the first of them."""
    words = items[i].words.lower()
    runs = sum(item.kind == "run" for item in items)
    asked = any(item.words.lower() in ("which", "who", "what") for item in items[:i])
    either = any(item.kind == "connector" and item.payload == "or" for item in items[:i])
    asked = asked or (either and items[0].words.lower() in YES_NO)
    if words not in OF_TWO or runs < 2 or not asked or any(item.kind in ("than", "compare") for item in items):
        return None
    following = next((item.kind for item in items[i + 1 :] if item.kind != "filler"), "")
    if words in ("more", "less") and following != "field":  # "which was used more"
        return None
    return replace(items[i], kind="superlative", payload=phrases()[OF_TWO[words]][1])


def more_than(items: list[Item], i: int) -> Item | None:
    """ "(How many) more U-Nets than transformers": how many there are of each."""
    if items[i].kind == "than" and any(_is_more(items, k) for k in range(i)):  # "more runs on MNIST than on CIFAR-10"
        return replace(items[i], kind="connector", payload="vs")
    if not _is_more(items, i):
        return None
    counted = i > 0 and items[i - 1].kind == "count"
    return replace(items[i], kind="filler", words="how") if counted else replace(items[i], kind="count")


def _is_more(items: Sequence[Item], i: int) -> bool:
    """Whether the "more" at i counts the runs of one condition beside those of another."""
    if items[i].kind != "comparative" or items[i].words.lower() not in ("more", "fewer", "less") or i + 1 >= len(items):
        return False
    than = next((k for k in range(i + 1, len(items)) if items[k].kind == "than"), None)
    without = than is not None and [item.kind for item in items[than + 1 :] if item.words not in "?.!"] == ["not"]
    return than is not None and _names_runs(items, i + 1) and (without or _names_runs(items, than + 1))


def _names_runs(items: Sequence[Item], i: int) -> bool:
    """Whether a condition stands at i, or after words for runs: "runs on MNIST"."""
    named = next((item for item in items[i:] if item.kind not in ("filler", "noun", "carrier", "count")), None)
    return named is not None and named.kind in ("condition", "when")


def than_the_best(items: list[Item], i: int) -> Item | None:
    """ "Are DiTs better than the best U-Net": better than any, as the best of each side are compared."""
    if not items or items[0].words.lower() not in YES_NO:
        return None
    before = next((items[k] for k in range(i - 1, -1, -1) if items[k].kind != "filler"), None)
    compared = before is not None and before.kind == "comparator" and before.payload in ("best", "worst")
    best = items[i].kind == "superlative" and items[i].payload[:2] == ("best", None)
    named = i + 1 < len(items) and items[i + 1].kind == "condition"
    return replace(items[i], kind="filler", words="the") if compared and best and named else None


def sharing(items: list[Item], i: int) -> Item | None:
    """ "Runs that share data set and optimizer with run-020": those with the same."""
    if items[i].words.lower() not in ("share", "shares", "sharing", "shared"):
        return None
    rest = [item.kind for item in items[i + 1 :] if item.kind not in ("filler", "same")]
    return replace(items[i], kind="same", payload=None) if rest[:1] == ["field"] and "run" in rest else None


def less_another(items: list[Item], i: int) -> Item | None:
    """ "Run-019 minus run-020 fid": one beside the other."""
    words, runs = items[i].words.lower(), [k for k, item in enumerate(items) if item.kind == "run"]
    if len(runs) != 2:
        return None
    if words == "minus" and runs == [i - 1, i + 1]:
        return replace(items[i], kind="connector", payload="vs")
    return None


def ratio(items: list[Item], i: int) -> Item | None:
    """ "Ratio of parameters of run-023 to run-022", "ratio between the mean FID of Adam and AdamW": one beside the
    other. The ratio between the first runs of an order is not told, and the word is named."""
    if items[i].words.lower() not in RATIO:
        return None
    runs = [k for k, item in enumerate(items) if item.kind == "run"]
    sides = items[runs[0] : runs[1]] if len(runs) == 2 else items[i:]
    joined = any(item.kind == "to" or (item.kind == "connector" and item.payload in ("and", "vs")) for item in sides)
    figure = len(runs) == 2 or any(item.kind in ("how", "count") for item in items[i:])
    if joined and figure and not any(k < i for k in runs):
        return replace(items[i], kind="compare", payload=None)
    between = items[i].kind == "text" and i + 1 < len(items) and items[i + 1].kind == "between"
    return replace(items[i], kind="filler") if between else None
