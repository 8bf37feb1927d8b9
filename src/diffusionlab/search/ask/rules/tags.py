"""Runs by their tags: "tagged paper", "tagged paper or scratch"."""

from __future__ import annotations

from diffusionlab.registry.filters.filter import And, Or
from diffusionlab.search.ask.rules.named_values import QUOTES, named_value
from diffusionlab.search.ask.rules.reading import Reading
from diffusionlab.search.words.english import is_harmless


def tagged(r: Reading, i: int) -> int:
    """Tagged [as] TAG [or TAG]: a word of a text, or a tag that some run has, whatever else it means."""
    if r.kind(i) not in ("filler", "text") or r.words(i) not in ("tagged", "tag"):
        return 0
    j = i + 1
    while r.words(j) in ("as", "with", "by"):
        j += 1
    if not _may_be_tag(r, j):
        return 0
    parts, after = [], j
    while True:
        words, after = r.chunk(after)
        parts.append(named_value(r, "tags", words.rstrip(".?!,;")))
        if not (r.kind(after) == "connector" and _is_tag(r, after + 1)):
            break
        after += 1
    either = any(r.kind(k) == "connector" and r.items[k].payload == "or" for k in range(j, after))
    return r.looked_at(i, r.emit(i, after, "tags", parts[0] if len(parts) == 1 else (Or if either else And)(*parts)))


def _may_be_tag(r: Reading, j: int) -> bool:
    plain = r.kind(j) == "filler" and r.words(j).isalnum() and not is_harmless(r.words(j))
    return r.kind(j) == "text" or plain or _is_tag(r, j)


def _is_tag(r: Reading, j: int) -> bool:
    """Whether some run has the words from item j to the next blank as a tag."""
    if j >= len(r.items):
        return False
    said = r.chunk(j)[0].strip(QUOTES).rstrip(".?!,;").lower()
    return any(said == tag.lower() for tag in r.known.tags)
