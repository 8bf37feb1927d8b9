"""Cut a question into tokens, and read the numbers among them as people write them.

Tokens are words, numbers, ISO dates, operators, run ids, quoted text; numbers may take several: "half a million",
"twenty-five", "a ten-thousandth", "ten to the minus three".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from diffusionlab.search.words.calendar_words import NUMBER_WORDS

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
    text = re.sub(r"(?i)\b(top|best|worst|last|latest|newest)(\d{1,3})\b(?!\s*-)", r"\1 \2", text)  # "top5"
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


# -- numbers as people write them


@dataclass(frozen=True)
class Number:
    value: float
    column: str | None = None  # told by the unit
    step: float = 0.0  # weight of the last digit written, where a suffix rounds: 2.2M -> 0.1M
    typed: str = ""
    dim: bool = False  # 32x32

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", min(max(self.value, -1e300), 1e300))  # "1e400 billion" stays a number


SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mio": 1e6,
    "mil": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
    "hundred": 1e2,
    "dozen": 12.0,
}
UNITS = {
    **dict.fromkeys(("px", "pixel", "pixels"), ("image_size", 1.0)),
    "kb": ("size_bytes", 1e3),
    "mb": ("size_bytes", 1e6),
    "gb": ("size_bytes", 1e9),
    "tb": ("size_bytes", 1e12),
    **dict.fromkeys(("kilobyte", "kilobytes"), ("size_bytes", 1e3)),
    **dict.fromkeys(("megabyte", "megabytes"), ("size_bytes", 1e6)),
    **dict.fromkeys(("gigabyte", "gigabytes"), ("size_bytes", 1e9)),
    "mib": ("size_bytes", 2.0**20),
    "gib": ("size_bytes", 2.0**30),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("seconds", 1.0)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("seconds", 60.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("seconds", 3600.0)),
    **dict.fromkeys(("d", "day", "days"), ("seconds", 86400.0)),
    **dict.fromkeys(("week", "weeks"), ("seconds", 7 * 86400.0)),
    "gflops": ("flops", 1e9),
    "mflops": ("flops", 1e6),
    "tflops": ("flops", 1e12),
}
WORDS = {
    w: float(n) for w, n in NUMBER_WORDS.items() if " " not in w and w not in ("a", "an", "one", "few", "several")
} | {"half": 0.5, "million": 1e6, "thousand": 1e3, "billion": 1e9}
_PARTS = {"tenth": 10, "twentieth": 20, "fiftieth": 50, "hundredth": 100, "thousandth": 1e3, "millionth": 1e6}
_ONE = ("one", "a", "an")


@dataclass(frozen=True)
class Numeral:
    """A number and the index of the token after it; `signed_up` is a glued "+" ("500+"), which that token is."""

    number: Number
    after: int
    signed_up: bool = False


def read_numeral(
    tokens: Sequence[Token], i: int, raw: str, ranged: bool = False, compared: bool = False
) -> Numeral | None:
    """The number that starts at token i. `ranged`: after "between", where "and" parts two numbers; `compared`: after
    a comparison, where "one" is a number too."""
    if i >= len(tokens):
        return None
    if found := _power_of_ten(tokens, i) or _fraction(tokens, i):
        value, after = found
        return Numeral(Number(value, typed=_typed(tokens, i, after, raw)), after)
    token = tokens[i]
    if token.text in _ONE and _text(tokens, i + 1) in ("million", "billion", "thousand", "hundred", "dozen"):
        value, digits = 1.0, 0
    elif token.kind == "word" and token.text in WORDS and (token.text != "half" or is_scale(tokens, i + 1)):
        value, digits = WORDS[token.text], 0
    elif token.kind == "number":
        value, digits = token.value, token.digits
    elif compared and (token.text == "one" or (token.text in _ONE and _measures_time(tokens, i + 1))):
        value, digits = 1.0, 0
    else:
        return None
    after, scale = _scale(tokens, i + 1)
    column = "num_parameters" if scale >= 1e6 else None
    if token.kind == "word" and (more := _rest(tokens, after, value * scale, ranged)):
        value, scale, after = value * scale + more[0], 1.0, more[1]
    following = _text(tokens, after)
    if (unit := UNITS.get(following)) and _is_unit(tokens[after]):
        column, scale, after = unit[0], scale * unit[1], after + 1
    elif following in ("weights", "weight") and value * scale >= 1000:
        column, after = "num_parameters", after + 1
    elif following == "+" and tokens[after].glued:
        return Numeral(Number(value * scale, column, typed=token.raw), after, True)
    step = scale * 10.0**-digits if scale > 1 and column != "seconds" else 0.0
    return Numeral(Number(value * scale, column, step, _typed(tokens, i, after, raw)), after)


def _measures_time(tokens: Sequence[Token], i: int) -> bool:
    """Whether a unit of time is at token i: "(longer than an) hour"."""
    return UNITS.get(_text(tokens, i), ("",))[0] == "seconds" and len(_text(tokens, i)) > 1


def is_scale(tokens: Sequence[Token], i: int) -> bool:
    return _text(tokens, i) in SCALES or _text(tokens, i) in ("a", "an")


def _text(tokens: Sequence[Token], i: int) -> str:
    return tokens[i].text if i < len(tokens) else ""


def _typed(tokens: Sequence[Token], i: int, after: int, raw: str) -> str:
    return raw[tokens[i].start : tokens[after - 1].end]


def _is_unit(token: Token) -> bool:
    return (token.glued or len(token.text) > 1) and not (token.text == "second" and not token.glued)


def _scale(tokens: Sequence[Token], i: int) -> tuple[int, float]:
    """(index after, factor) of the scales at token i: "hundred thousand", "(half) a million"."""
    scale = 1.0
    while i < len(tokens):
        token = tokens[i]
        if token.text in ("a", "an") and (is_scale(tokens, i + 1) or _text(tokens, i + 1) in UNITS):
            i += 1
        elif token.text in SCALES and (token.glued or len(token.text) > 1 or tokens[i - 1].end + 1 >= token.start):
            scale *= SCALES[token.text]
            i += 1
        else:
            break
    return i, scale


def _rest(tokens: Sequence[Token], i: int, value: float, ranged: bool) -> tuple[float, int] | None:
    """What goes on a number in words: "(one hundred) and fifty", "(twenty)-five"; (value, index after)."""
    first = _text(tokens, i)
    skip = first == "-" or (first == "and" and value % 100 == 0 and not ranged)
    more = WORDS.get(_text(tokens, i + skip), 0.0)
    fits = (value % 100 == 0 and 1 <= more < 100) or (value % 100 >= 20 and value % 10 == 0 and 1 <= more < 10)
    return (more, i + skip + 1) if value and fits and _text(tokens, i + skip + 1) not in SCALES else None


def _small(tokens: Sequence[Token], i: int) -> float | None:
    """A number of one token; "one" and "a" too."""
    if i >= len(tokens):
        return None
    token = tokens[i]
    return token.value if token.kind == "number" else 1.0 if token.text in _ONE else WORDS.get(token.text)


def _fraction(tokens: Sequence[Token], i: int) -> tuple[float, int] | None:
    """A thousandth, two ten-thousandths, half a thousandth, three hundredths, 1/1000."""
    count = _small(tokens, i)
    if count is None:
        return None
    if tokens[i].kind == "number" and _text(tokens, i + 1) == "/" and i + 2 < len(tokens):
        below = tokens[i + 2]
        over = below.kind == "number" and below.value >= 10 * max(count, 1) and below.glued and tokens[i + 1].glued
        return (count / below.value, i + 3) if over else None
    j = i + 1 + (tokens[i].text == "half" and _text(tokens, i + 1) in _ONE)
    parts = 1.0
    if _text(tokens, j) in ("ten", "hundred") and _text(tokens, j + 1) == "-":
        parts, j = WORDS[_text(tokens, j)], j + 2
    elif _text(tokens, j) in ("ten", "hundred") and _text(tokens, j + 1).startswith(("thousandth", "millionth")):
        parts, j = WORDS[_text(tokens, j)], j + 1
    name = _text(tokens, j)
    part = _PARTS.get(name.removesuffix("s"), 0)
    if not part or (count == 1 and name.endswith("s")):
        return None
    return float(f"{count / (parts * part):.12g}"), j + 1


def _power_of_ten(tokens: Sequence[Token], i: int) -> tuple[float, int] | None:
    """Ten to the minus three, 2 times ten to the power of -4."""
    factor = 1.0
    if _text(tokens, i + 1) in ("times", "x", "*") and (count := _small(tokens, i)) is not None:
        factor, i = count, i + 2
    if _small(tokens, i) != 10 or _text(tokens, i + 1) != "to" or _text(tokens, i + 2) != "the":
        return None
    j = i + 3
    while _text(tokens, j) in ("power", "of"):
        j += 1
    sign = -1 if _text(tokens, j) in ("minus", "negative", "-") else 1
    exponent = _small(tokens, j + (sign < 0))
    if exponent is None or exponent != int(exponent) or abs(exponent) > 300:
        return None
    return float(f"{factor}e{sign * int(exponent)}"), j + 1 + (sign < 0)
