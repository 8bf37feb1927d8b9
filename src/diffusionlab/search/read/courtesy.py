"""What people say around a question and ask for nothing with: "Good evening, which runs failed? Have a nice weekend!".

A greeting counts only where a comma, a stop or the first word of the question parts it from the rest: "good morning
runs" are those of a morning.
"""

from __future__ import annotations

import re
from functools import cache

from diffusionlab.search.words import courtesy_words as words


def without_greetings(question: str) -> str:
    """The question without greetings at its beginning and wishes at its end; as it is if nothing else is in it."""
    begins, ends = _patterns()
    rest = question
    while (m := begins.match(rest)) and m.end():
        rest = rest[m.end() :]
    while m := ends.search(rest):
        rest = rest[: m.start("courtesy")]
    return rest if re.search(r"\w", rest) else question


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    wish = rf"(?:i\s+wish\s+you|have)\s+an?\s+(?:{_any(words.NICE)})\s+(?:{_any(words.WISHED)})"
    greeting = rf"(?:{_any(words.GREETINGS)})(?:\s+(?:{_any(words.GREETED)}))*"
    parted = rf"\s*[,.!:;…-]+\s*|\s+(?=(?:{_any(words.ASKS)})\b)"
    begins = rf"\s*(?:{greeting}|{wish}|{_any(words.FAREWELLS)})(?!\w)(?:{parted})"
    ends = rf"(?:^|[,.!?;])(?P<courtesy>\s*(?:{wish}|{_any(words.FAREWELLS)}))(?:\s+(?:{_any(words.GREETED)}))*\W*$"
    return re.compile(begins, re.IGNORECASE), re.compile(ends, re.IGNORECASE)


def _any(phrases: str) -> str:
    """A pattern for one of the phrases, the longest first."""
    listed = sorted((phrase.strip() for phrase in phrases.split(",")), key=len, reverse=True)
    return "|".join(r"\s+".join(map(re.escape, phrase.split())) for phrase in listed)
