"""Files and folders in a question, looked for in the recorded paths.

find s.py, lr of old/train.py             the files that are called so; of one file it is the run itself
models in Calculation/Addition            what lies there: names between slashes that some path has one after another
the fashion mnist folder, under QandA     a folder by its name, or by words of it
"""

from __future__ import annotations

import re
from dataclasses import replace

from diffusionlab.registry.record.canonical import squeeze
from diffusionlab.search.read.items import Condition, Item, Scan
from diffusionlab.search.read.known import Known
from diffusionlab.search.read.text import Matches
from diffusionlab.search.words.english import filler
from diffusionlab.search.words.grammar_words import FOLDERS
from diffusionlab.search.words.lexicon import phrases

_FILE = r"[\w*]\.(?:py|pyw|ipynb|sh|jl|yaml|yml|json|toml|ckpt|pth?|safetensors)"
_IS_FILE = re.compile(rf"{_FILE}$", re.IGNORECASE)
_SPELT = re.compile(rf"(?<!\S)[\"'(`]*(?:[~.]{{0,2}}/\S+|\S*{_FILE}\b)", re.IGNORECASE)
_CHUNK = re.compile(r"[^\s,;?!\"“”«»`()\[\]{}|]+")
_OPEN = " \"'“«`([{,;:="
_THE = ("the", "my", "our")
_MOST_WORDS = 6  # of a folder's name
_UNDER = {"under": "carrier", "below": "carrier", "beneath": "carrier", "not under": "not", "not below": "not"}


def names_of_files(text: str) -> list[tuple[int, int]]:
    """Where a text has names of files, and paths from the root on, whose words are no misspelt ones."""
    return [m.span() for m in _SPELT.finditer(text)]


def runs_of_file(known: Known, name: str) -> tuple[str, ...]:
    """Ids of the runs whose path ends in the name of a file, with folders before it or without; case does not count."""
    return known.with_path(f"{_START}{_pattern(name)}$") if _IS_FILE.search(name) else ()


def begins_file(s: Scan, i: int) -> bool:
    """Whether the name of a file begins at token i."""
    return bool(_IS_FILE.search(_chunk(s, i)))


def file(s: Scan, i: int) -> int:
    """A file by its name or path, a folder by its path."""
    name = _chunk(s, i)
    if not name or s.tokens[i].kind == "run":
        return 0
    after = _after(s, i, name)
    is_file = bool(_IS_FILE.search(name))
    if not is_file and not _is_path(name, s.known):
        return 0
    if found := s.known.with_path(f"{_START}{_pattern(name)}$"):
        if len(found) == 1:
            return s.add("run", found, i, after)
        return _lies(s, f"{_START}{_pattern(name)}$", i, after, "run_id")
    inside = f"{_START}{_pattern(name)}{_END}"
    if not is_file and s.known.with_path(inside):
        return _lies(s, inside, i, after)
    if is_file and (named := s.known.find(name)):  # a record that is called so, of which no path is known
        return s.add("run", named, i, after)
    if is_file or _is_absolute(name):
        s.notes.append(f'no recorded path ends in "{name}"' if is_file else f'no recorded path has "{name}"')
        return s.add("text", (name, name), i, after)
    return 0


def folder(s: Scan, i: int) -> int:
    """A folder by its name: the NAME folder, the folder NAME, under NAME, or a name that nothing else has."""
    if s.word(i) in FOLDERS and s.word(i - 1) not in ("which", "what", "per", "each", "every", "same"):
        j = i + 1 + (s.word(i + 1) in ("named", "called", ":"))
        if (name := _chunk(s, j)) and (found := _called(s, name)):
            return _lies(s, found, i, _after(s, j, name))
    if i and s.word(i - 1) in ("under", "inside", "beneath") and (name := _chunk(s, i)) and name[0].isalpha():
        return _lies(s, found, i, _after(s, i, name)) if (found := _called(s, name)) else 0
    last = next((k for k in range(i + 1, min(i + _MOST_WORDS, len(s.tokens))) if s.word(k) in FOLDERS), 0)
    if last and not s.tokens[i].glued and (found := _before(s, i, last)):
        return _lies(s, found, i, last + 1)
    name = _chunk(s, i)
    of_its_own = re.search(r"\w[-_]\w", name) and s.tokens[i].kind == "word" and not _means_more(s.known, name)
    return _lies(s, found, i, _after(s, i, name)) if of_its_own and (found := _called(s, name)) else 0


def _lies(s: Scan, pattern: str, first: int, after: int, category: str = "folder") -> int:
    """The condition that the path matches; "under" before it is no bound of a number."""
    before = s.items[-1] if s.items else Item("", None, "", 0, 0)
    if before.kind == "comparator" and (kind := _UNDER.get(before.words.lower())):
        s.items[-1] = replace(before, kind=kind, payload="not" if kind == "not" else None)
    elif before.words.lower() in _UNDER:
        s.items[-1] = replace(before, kind="carrier", payload=None)
    words = s.words(first, after)
    return s.add("condition", Condition(category, Matches(pattern, "path"), True, words), first, after)


# -- names as patterns of a path

_START, _END = r"(^|\/)", r"(\/|\.\w+$|$)"


def _pattern(name: str) -> str:
    """A path as a regular expression: "*" stands for anything but a slash."""
    plain = name.removeprefix("~/").removeprefix("./").rstrip("/")
    return r"[^\/]*".join(map(as_pattern, plain.removeprefix("/").split("*")))


def as_pattern(text: str) -> str:
    """A regular expression that matches the text, and may stand between slashes."""
    return re.escape(text).replace("/", r"\/")


def _called(s: Scan, name: str) -> str:
    """The pattern of the folders that are called so, as it is written or with other signs between the words."""
    words = re.findall(r"[^\W_]+", name)
    for pattern in (_pattern(name.strip(" \"'`")), r"[^\/a-z0-9]*".join(map(re.escape, words))):
        if words and s.known.with_path(found := rf"{_START}{pattern}(\/|$)"):
            return found
    return ""


def _before(s: Scan, i: int, last: int) -> str:
    """The pattern of the folders that the words from token i up to `last` name: "THE FASHION MNIST folder"."""
    first = i + (s.word(i) in _THE)
    if first == last:
        return ""
    return _called(s, s.words(first, last)) or (_called_in_part(s, first, last) if first > i else "")


def _called_in_part(s: Scan, first: int, last: int) -> str:
    """The pattern of the folders whose names have the words from token `first` up to `last`, with a note."""
    words = [token.text for token in s.tokens[first:last] if token.kind in ("word", "number")]
    if not words or any(word in filler() for word in words):
        return ""
    spelt = r"[^\/a-z0-9]*".join(map(re.escape, words))
    found = rf"{_START}([^\/]*[^\/a-z0-9])?{spelt}([^\/a-z0-9][^\/]*)?(\/|$)"
    if not s.known.with_path(found):
        return ""
    s.notes.append(f'read "{s.words(first, last)}" as a part of the name of a folder')
    return found


# -- what is written without blanks


def _chunk(s: Scan, i: int) -> str:
    """What begins at token i and has no blank in it, without the sign after it; empty in the middle of such."""
    if i >= len(s.tokens):
        return ""
    token = s.tokens[i]
    if token.kind == "quoted":
        return token.text
    if token.start and s.text[token.start - 1] not in _OPEN:
        return ""
    found = _CHUNK.match(s.raw, token.start)
    return re.sub(r"(?:'s?|[.:])+$", "", found[0]) if found else ""


def _after(s: Scan, i: int, name: str) -> int:
    return i + 1 if s.tokens[i].kind == "quoted" else s.token_at(s.tokens[i].start + len(name))


def _is_path(name: str, known: Known) -> bool:
    """Whether slashes part names of it: no fraction or date, no regular expression, no two known values."""
    parts = name.strip("/").split("/")
    if "/" not in name or not re.search(r"[^\W\d]", name) or re.search(r"[\\^$+]|//", name):
        return False
    return _is_absolute(name) or not all(_means_more(known, part) for part in parts)


def _is_absolute(name: str) -> bool:
    return name.startswith(("/", "~/")) and name.strip("~/").count("/") > 0 and not name.endswith("/")


def _means_more(known: Known, name: str) -> bool:
    """Whether a name is that of a value, a facet or the like."""
    return squeeze(name) in known.spellings or squeeze(name) in phrases()
