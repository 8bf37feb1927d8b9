"""Questions about code, which are none about runs: "where is the U-Net defined?"."""

from __future__ import annotations

import re
import shlex

_DEFINES = r"(?:define|implement|import|call|declare)"
_ABOUT_CODE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bwhere\b.*\b(?:defined|implemented|imported|called|declared|coded|programmed)\b",
        rf"\bwhere (?:do|does|did) .*\b{_DEFINES}\b",
        rf"\b(?:scripts?|notebooks?|files?|functions?|class|classes|code)\b.*\b{_DEFINES}s?\b",
        r"\b(?:which|what) (?:functions?|lines?(?: of code)?)\b",
    )
)


def check_no_code(question: str) -> None:
    """Raise ValueError (one line, with the command to type) if the question is about code and not about runs."""
    said = " ".join(question.lower().split())
    if any(pattern.search(said) for pattern in _ABOUT_CODE):
        command = shlex.join(question.rstrip("?!. ").split())
        raise ValueError(f"that asks for lines of code: type `registry.py code {command}`, or ask about runs")
