"""Scripts and notebooks with their facts marked on the lines that show them: `#= lr: 0.02; facet: cnn, unet`.

Everything that is said of a fixture must be marked in it with that value, and one of its lines must be a marked one;
everything that is marked must be said. So the fixtures hold precision, recall and evidence at 1.
"""

import ast
import json
from pathlib import Path

import pytest

from diffusionlab.ingest.read import read_script
from diffusionlab.ingest.record import Fact, Script

FIXTURES = Path(__file__).parent / "fixtures"
SCRIPTS = sorted(FIXTURES.glob("*.py")) + sorted(FIXTURES.glob("*.ipynb"))
STAGES = {"generator", "discriminator", "diffusion", "vae", "autoencoder"}
ONLY_WHERE_MARKED = {
    "framework",
    "framework_version",
    "helper_modules",
    "unused_modules",
    "loss",
    "outputs",
    "subset",
    "guidance",
}

Mark = tuple[str, object, str | None]


def lines_of(path: Path) -> list[tuple[int | str, str]]:
    """The lines of a fixture with the places that facts call them by."""
    if path.suffix == ".py":
        return list(enumerate(path.read_text(encoding="utf-8").split("\n"), 1))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (f"{i}:{row}", line)
        for i, cell in enumerate(cells)
        for row, line in enumerate("".join(cell["source"]).split("\n"), 1)
    ]


def marks(path: Path) -> dict[Mark, set[int | str]]:
    found: dict[Mark, set[int | str]] = {}
    for place, line in lines_of(path):
        _, mark, text = line.partition("#= ")
        for entry in text.split(";") if mark else []:
            field, _, said = (part.strip() for part in entry.partition(":"))
            said, _, elsewhere = (part.strip() for part in said.partition("@"))  # in a file beside
            where = elsewhere or place
            first, _, last = said.rpartition(" ")
            value, stage = (first, last) if first and last in STAGES and field != "facet" else (said, None)
            values = [one.strip() for one in value.split(",")]
            if field == "hardware":
                found.setdefault((field, tuple(values), None), set()).add(where)
                continue
            for one in values if field == "facet" else [value]:
                found.setdefault((field, literal(one), stage), set()).add(where)
    return found


def literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def facts_of(script: Script) -> list[tuple[Mark, Fact]]:
    said = [(("facet", fact.value, None), fact) for fact in script.facets]
    for field, facts in script.facts.items():
        for fact in facts:
            value = tuple(fact.value) if isinstance(fact.value, list) else fact.value
            said.append(((field, value, fact.stage), fact))
    return said


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_is_said_of_a_script_is_what_its_code_shows(path: Path):
    marked = marks(path)
    fields = {field for field, _, _ in marked}
    said = [
        (mark, fact)
        for mark, fact in facts_of(read_script(path))
        if mark[0] in fields or mark[0] not in ONLY_WHERE_MARKED
    ]
    wrong = [(mark, fact.lines) for mark, fact in said if mark not in marked]
    missed = [mark for mark in marked if mark not in {mark for mark, _ in said}]
    elsewhere = [(mark, fact.lines) for mark, fact in said if mark in marked and not marked[mark] & set(fact.lines)]
    assert not wrong and not missed and not elsewhere, f"wrong {wrong}, missed {missed}, on other lines {elsewhere}"
