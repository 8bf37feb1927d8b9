"""Search in the code of ingested scripts: which function does it, and on which lines.

A name matches by its parts: "gradient clipping" finds `clip_grad_norm_` by the table below, "cosine schedule" finds
`cosine_beta_schedule` by its words. The files are read again, as text, so there is no index that could be behind them;
one that has changed since it was ingested is not searched, and named.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from diffusionlab.ingest.source import Place, Source, UnreadableFile, read_source
from diffusionlab.ingest.syntax import parse

SAME: dict[str, str] = {
    "gradient clipping": "clip grad, clip gradients, clipnorm, clipvalue, clip by norm, clip by global norm",
    "mixed precision": "autocast, grad scaler, amp, mixed float16, mixed bfloat16",
    "ema": "moving average, averaged model, exponential average",
    "checkpoint": "torch save, save weights, save model",
    "data augmentation": "random horizontal flip, random crop, color jitter, augment",
    "classifier free guidance": "cfg, guidance scale, uncond",
    "attention": "multihead, scaled dot product",
    "weight initialization": "xavier, kaiming, init weights",
    "early stopping": "patience",
    "distributed training": "ddp, distributed data parallel, data parallel",
}
"""What people ask for -> other words that mean it in code."""

FRAME = (
    "where is are was implemented defined used updated called computed done find show which what scripts script "
    "notebooks functions function code that use uses using call calls has have with the a an in my of do does i how "
    "for it to"
)
"""Words of a question that are not looked for; what is looked for is said."""

CONTEXT = 3
"""Lines shown before and after a match."""

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Hit:
    """A function that matches: its place in the file, the lines that do, and the first of them with what is around."""

    script: str
    path: str
    function: str
    first: Place
    last: Place
    lines: tuple[Place, ...]
    shown: tuple[tuple[Place, str, bool], ...]
    matched: str
    defines: bool

    def as_dict(self) -> dict[str, object]:
        """For JSON; `text` is what is shown."""
        return {
            "path": self.path,
            "function": self.function,
            "span": [self.first, self.last],
            "lines": list(self.lines),
            "matched": self.matched,
            "text": "\n".join(text for _, text, _ in self.shown),
        }


def wanted(question: str) -> list[list[str]]:
    """What to look for, as lists of words that must stand in one line: those asked for, then what means the same.

    Raises ValueError if nothing is left of the question.
    """
    words = [word for word in parts(question) if word not in FRAME.split()]
    if not words:
        raise ValueError("say what to look for, such as `gradient clipping` or `cosine schedule`")
    said = {stem(word) for word in words}
    same = [others for name, others in SAME.items() if {stem(word) for word in name.split()} <= said]
    return [words, *(other.split() for others in same for other in others.split(", "))]


def find(scripts: Iterable[tuple[str, str, str]], question: str) -> tuple[list[Hit], list[str]]:
    """The functions that match, those named so first; and the names of scripts that could not be read as they were.

    `scripts`: (name, path, SHA-256) of each.
    """
    asked = wanted(question)
    hits: list[Hit] = []
    left_out: list[str] = []
    for name, path, sha256 in scripts:
        try:
            source = read_source(Path(path))
        except UnreadableFile:
            left_out.append(name)
            continue
        if source.sha256 != sha256:
            left_out.append(name)
            continue
        hits += _in_source(name, source, asked)
    return sorted(hits, key=lambda hit: (not hit.defines, hit.script)), left_out


def _in_source(name: str, source: Source, asked: list[list[str]]) -> Iterator[Hit]:
    rows = source.text.split("\n")
    spans = _functions(source.text, len(rows))
    found: dict[tuple[str, int, int], list[tuple[int, list[str]]]] = {}
    for number, row in enumerate(rows, 1):
        has = parts(row)
        words = next((words for words in asked if all(_has(has, word) for word in words)), None)
        if words is not None:
            found.setdefault(_innermost(spans, number), []).append((number, words))
    for (function, first, last), lines in found.items():
        number, words = next(((n, w) for n, w in lines if n == first), lines[0])
        around = range(max(1, number - CONTEXT), min(len(rows), number + CONTEXT) + 1)
        yield Hit(
            name,
            str(source.path),
            function,
            source.place(first),
            source.place(last),
            tuple(source.place(line) for line, _ in lines),
            tuple((source.place(line), rows[line - 1], line == number) for line in around),
            " ".join(words),
            all(_has(parts(function), word) for word in words),
        )


def parts(text: str) -> list[str]:
    """The words of a text in lower case, identifiers split: clip_grad_norm_ is clip, grad, norm."""
    return [part.lower() for part in _PARTS.findall(text)]


def stem(word: str) -> str:
    """Without the ending of a verb or plural: clipping, clips and clip are one."""
    short = re.sub(r"(ations?|ing|ed|es|s|e)$", "", word)
    short = short[:-1] if len(short) > 3 and short[-1:] == short[-2:-1] else short
    return short if len(short) > 2 else word


def _has(words: list[str], wanted: str) -> bool:
    """Whether one of the words begins as `wanted` does; a short one must be it."""
    beginning = stem(wanted)
    return any(
        word == wanted or (len(beginning) > 3 and word.startswith(beginning)) or stem(word) == beginning
        for word in words
    )


def _functions(text: str, num_rows: int) -> list[tuple[str, int, int]]:
    """(qualified name, first line, last line) of the whole file, and of each function and class."""
    tree, _ = parse(text)
    spans = [("", 1, num_rows)]
    left: list[tuple[ast.AST, str]] = [(tree, "")]
    while left:  # a stranger's file may be nested deeper than Python's stack
        node, prefix = left.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                spans.append((f"{prefix}{child.name}", child.lineno, child.end_lineno or child.lineno))
                left.append((child, f"{prefix}{child.name}."))
            elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                left.append((child, prefix))
    return spans


def _innermost(spans: list[tuple[str, int, int]], line: int) -> tuple[str, int, int]:
    return min((span for span in spans if span[1] <= line <= span[2]), key=lambda span: span[2] - span[1])
