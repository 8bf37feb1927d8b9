"""Cut a question into tokens: words, numbers, ISO dates, operators, run ids, quoted text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

MAX_QUESTION = 2000  # characters; nobody types more, and every later stage may be quadratic in tokens

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
_PATTERN = re.compile(
    rf"""
    (?P<quoted>"[^"]+"|“[^”]+”|«[^»]+»|`[^`]+`)
  | (?P<date>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[T ]\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?(?![\w-])
            |\d{{4}}/\d{{1,2}}/\d{{1,2}}(?!\w)|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}(?!\w)|\d{{4}}[-/]\d{{1,2}}(?![\w-])|(?<![\d/.-])(?:0?[1-9]|1[0-2])/20\d\d(?![\w/-]))
  | (?P<clock>\d{{1,2}}:\d{{2}}(?!\w))
  | (?P<dim>\d+(?:\s?[x×*]\s?|\s+by\s+)\d+(?![\w.]|\s?[x×*^]))
  | (?P<power>(?:(?P<mantissa>\d+(?:\.\d+)?)\s?[x×*]\s?)?10\s?(?:\^|\*\*)\s?(?P<exponent>-?\d+))
  | (?P<negative>(?<![\w.)])-(?:{_NUMBER})(?!\w*-))
  | (?P<number>{_NUMBER})
  | (?P<op><=|>=|==|!=|<>|≤|≥|≠|≈|<|>|=|~)
  | (?P<word>[^\W\d]\w*(?:['’][^\W\d]+)*|_\w+)
  | (?P<punct>[^\w\s])
    """,  # noqa: E501, RUF001
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One token. `text` is what rules compare (lower case, NFKC); `raw` is what the person typed."""

    kind: str  # word | number | dim | date | clock | op | punct | quoted | run
    text: str
    raw: str
    start: int
    end: int
    glued: bool = False  # no blank between this token and the one before
    value: float = 0.0  # number: its value; dim: the first side
    digits: int = 0  # number: decimals written after the point ("2.2" -> 1)

    @property
    def compact(self) -> str:
        """The token without separators: `val_loss` -> `valloss`."""
        return self.text.replace("_", "")


def clean(question: str) -> str:
    """Normalise Unicode (NFKC) and turn control characters into blanks. Raises ValueError when too long."""
    if len(question) > MAX_QUESTION:
        raise ValueError(f"the question has {len(question):,} characters; ask in at most {MAX_QUESTION:,}")
    text = unicodedata.normalize("NFKC", question).replace("−", "-").replace("’", "'")  # noqa: RUF001
    text = re.sub(r"(?i)\bw/(?!o\b)", "with ", text)
    text = re.sub(
        r"\[\s*([\d.][\w.+-]*)\s*(?:,|\.\.+)\s*([\d.][\w.+-]*)\s*\]", r"between \1 and \2", text
    )  # an interval
    return "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)


def tokenize(text: str, is_run: Callable[[str], bool] = lambda chunk: False) -> list[Token]:
    """Tokens of `text` (as `clean` returns it), left to right.

    `is_run` says whether a blank-separated chunk is the id or the name of a run; such a chunk stays one
    token of kind `run`, whatever its spelling, so that `mnist-unet-base` is a run and not two facets.
    """
    tokens: list[Token] = []
    position = 0
    for chunk in re.finditer(r"\S+", text):
        if chunk.start() < position:
            continue
        core = re.fullmatch(r"""(["'(\[]*)(.*?)((?:'s)?[?!.,;:)\]"']*)""", chunk.group())
        name = core.group(2) if core else ""
        if not name or not is_run(name):
            continue
        start = chunk.start() + len(core.group(1)) if core else chunk.start()
        tokens += _scan(text, position, start)
        tokens.append(Token("run", name.lower(), name, start, start + len(name)))
        position = start + len(name)
    tokens += _scan(text, position, len(text))
    return [replace(t, glued=i > 0 and tokens[i - 1].end == t.start) for i, t in enumerate(tokens)]


def _scan(text: str, start: int, stop: int) -> list[Token]:
    found = []
    for match in _PATTERN.finditer(text, start, stop):
        kind, raw = str(match.lastgroup), match.group()
        lower = raw.lower()
        value, digits = 0.0, 0
        if kind in ("mantissa", "exponent", "power"):
            value = _float(f"{match['mantissa'] or 1}e{match['exponent']}")
            kind = "number"
        elif kind in ("number", "negative"):
            kind = "number"
            value = _float(raw.replace(",", ""))
            digits = len(raw.partition(".")[2]) if "e" not in lower else 0
        elif kind == "dim":
            value = float(re.match(r"\d+", raw).group())  # type: ignore[union-attr]
        elif kind == "quoted":
            lower = lower[1:-1].strip()
        elif kind == "word":
            lower = lower.removesuffix("'s")
        if lower:
            found.append(Token(kind, lower, raw, match.start(), match.end(), value=value, digits=digits))
    return found


def _float(text: str) -> float:
    try:
        return min(max(float(text), -1e300), 1e300)
    except (OverflowError, ValueError):  # an exponent of many digits; int-like text never fails
        return 1e300
