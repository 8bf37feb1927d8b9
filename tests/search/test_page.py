"""What stands on a terminal: every run that was found, nothing wider than it, and what tells the runs apart first."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.cells import cell_len

from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.show.cli import main
from diffusionlab.search.show.output import half_blocks, thumbnail_uri
from diffusionlab.search.show.render import shortened
from tests.search.fixture_runs import records

NOW = "2025-06-18T12:00:00+00:00"
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07",
    "two\nlines\tand a tab",
    "[bold]markup[/bold] :smile:",
    "扩散模型" * 12,
    "e\u0301" * 40,
    "\u202eright to left\u202c",
    "x" * 300,
    "\x9b2J\x85next",
)


def made(folder: Path, runs: list[RunRecord]) -> str:
    Registry(folder).upsert(runs)
    return str(folder)


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The lines below the reading and the flags, which are one line each however long, to be copied."""

    def show(uri: str, *arguments: str, width: int = 80) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        code = main([*arguments, "--registry", uri, "--now", NOW])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out.splitlines()[2:]

    return show


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Runs whose texts could drive a terminal, break a line, or overflow it, beside long ordinary ones."""
    long = [
        RunRecord(run_id=f"Generative-CelebA-smiling_script_of_a_long_name_{n}", name=f"text {n} {text}", notes=text,
                  description=text, dataset=text, sweep=text, architecture=text, tags=[text], metrics={"fid": float(n)})
        for n, text in enumerate(HOSTILE)
    ]  # fmt: skip
    return made(tmp_path_factory.mktemp("hostile") / "registry", [*long, *records()])


QUESTIONS = (
    ["all runs"],
    ["best 5 by fid"],
    ["runs in 2025, oldest first"],
    ["best fid per dataset"],
    ["like run-020"],
    ["compare run-014 and run-015"],
    ["compare unets and dits"],
    ["how many runs failed"],
    ["--figure", "mean fid", "--by", "dataset"],
    ["--figure", "count", "--by", "created_week"],
    ["--figure", "max epochs", "--by", "architecture", "--sort", "figure:desc"],
    ["--where", "dataset is known", "--columns", "run_id,notes,description,sweep,architecture,tags,seconds,path"],
    ["--where", "run_id = run-020", "--show", "created,hardware,command"],
    ["--where", "fid is known", "--explain"],
    ["unets on ImageNet with fid below 1"],
    ["--sql", "select * from runs limit 3"],
    ["--sql", "select name, notes, tags, fid from runs"],
)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_no_line_is_wider_than_the_terminal_or_commands_it(page, hostile, question: list[str], width: int):
    lines = page(hostile, *question, width=width)
    told = [line for line in lines if "--explain" not in question or not line.startswith(("   ", "run-", "Gener"))]
    assert max(map(cell_len, told), default=0) <= width
    assert not {c for line in lines for c in line if unicodedata.category(c) in ("Cc", "Cf")}


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_run_that_is_found_is_named(page, hostile, capsys, width: int):
    for question in (["all runs"], ["best 5 by fid"], ["how many runs failed"], ["like run-020"]):
        text = "".join(line.strip() for line in page(hostile, *question, width=width))
        assert main([*question, "--registry", hostile, "--now", NOW, "--json"]) == 0
        hits = json.loads(capsys.readouterr().out)["hits"]
        assert hits and all(hit["run_id"] in text for hit in hits if len(hit["run_id"]) < width)


def twins(**differences: list[object]) -> list[RunRecord]:
    """Two runs that are one, but for these columns."""
    first = records()[14]
    return [
        replace(first, run_id=f"run-{n}", name="twin", **{column: values[n] for column, values in differences.items()})
        for n in range(2)
    ]


@pytest.mark.parametrize(
    ("column", "values", "heading"),
    [
        ("seed", [1, 2], "seed"),
        ("sampler", ["ddim", "heun"], "sampler"),
        ("precision", ["32-true", "bf16-mixed"], "precision"),
        ("schedule", ["cosine", "linear"], "schedule"),
        ("seconds", [60.0, 3600.0], "time"),
        ("batch_size", [64, 128], "batch"),
    ],
)
def test_what_differs_stands_before_what_does_not(tmp_path, page, column, values, heading):
    lines = page(made(tmp_path / "registry", twins(**{column: values})), "twin")
    assert lines[1].split()[:3] == ["run", "name", heading]


def test_name_has_no_column_of_its_own_where_it_is_the_id(tmp_path, page):
    runs = [replace(run, name=run.run_id) for run in records()[:3]]
    assert "name" not in page(made(tmp_path / "same", runs), "all runs")[1].split()
    assert "name" in page(made(tmp_path / "other", [*runs, *records()[3:5]]), "all runs")[1].split()


@pytest.mark.parametrize(
    ("moments", "shown"),
    [
        (["2025-03-01T10:00", "2025-03-02T10:00"], ["2025-03-02", "2025-03-01"]),
        (["2025-03-01T10:00", "2025-03-01T11:30"], ["2025-03-01 11:30", "2025-03-01 10:00"]),
        (["2025-03-01T10:00:07", "2025-03-01T10:00:09"], ["2025-03-01 10:00:09", "2025-03-01 10:00:07"]),
        (["2025-03-01", "2025-03-01"], ["2025-03-01", "2025-03-01"]),
    ],
)
def test_times_are_as_exact_as_they_differ(tmp_path, page, moments, shown):
    created = [datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in moments]
    uri = made(tmp_path / "registry", twins(created_at=created))
    lines = page(uri, "newest first", "--columns", "created")
    assert [line.strip() for line in lines[2:4]] == shown


def test_figures_stand_to_equal_places(tmp_path, page):
    runs = [RunRecord(run_id=f"run-{n}", name="a", metrics={"fid": fid}) for n, fid in enumerate((62.0, 9.75, 121.3))]
    lines = page(made(tmp_path / "registry", runs), "--sort", "fid", "--columns", "fid")
    assert [line.strip() for line in lines[2:5]] == ["9.75", "62.00", "121.30"]


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), max_size=60), max_size=8),
    st.integers(12, 50),
)
def test_cells_are_cut_to_the_width_and_only_if_need_be(cells: list[str], width: int):
    for column in ("name", "description", "arch_tags"):
        cut = shortened(cells, column, width)
        assert all(cell_len(cell) <= width for cell in cut)
        assert all(cell_len(old) > width for old, new in zip(cells, cut, strict=True) if old != new)


def test_names_cut_in_the_middle_stay_apart():
    names = [f"generative-fashion-mnist-{word}-model-{n}" for word in ("latent", "pixel") for n in range(10)]
    assert len(set(shortened(names, "name", 24))) == len(names)
    assert all("…" in name and name[0] == "g" for name in shortened(names, "name", 24))


def test_a_bar_is_as_long_as_its_figure(page, hostile):
    lines = page(hostile, "--figure", "count", "--by", "created_month", width=100)[1:]
    rows = [line.split() for line in lines if "█" in line]
    assert len(rows) > 5
    most = max(len(row[2]) for row in rows)
    largest = max(int(row[1]) for row in rows)
    for row in rows:
        assert len(row[2]) == pytest.approx(most * int(row[1]) / largest, abs=1)


@pytest.mark.parametrize("question", ["how many MNIST runs vs CIFAR-10 runs", "mean fid of MNIST vs CIFAR-10"])
def test_the_figure_of_a_side_stands_beside_its_name(tmp_path, page, question):
    uri = made(tmp_path, records())
    rows = [line.split() for line in page(uri, question) if line]
    assert {row[0] for row in rows[1:3]} == {"MNIST", "CIFAR-10"} and rows[0][0] == "side"


def test_an_empty_answer_names_the_conditions_that_cost_the_runs(page, hostile, capsys):
    text = " ".join(" ".join(page(hostile, "unets on MNIST with fid below 1")).split())
    assert "None" in text and "Without `fid < 1` there are 3 runs" in text and " 0 runs" not in text
    assert "ithout" not in " ".join(page(hostile, "unets on MNIST with fid below 1 and lr above 7"))


def test_notes_are_said_once(tmp_path, page):
    runs = [replace(run, config={"data": {"batch_size": 999}}, sources={"batch_size": "person"}) for run in records()]
    lines = page(made(tmp_path / "registry", runs), "all runs")
    assert sum(line.startswith("Note:") for line in lines) == 1
    runs = [replace(run, config={"trainer": {"epochs": 999}}, sources={"epochs": "measured"}) for run in records()]
    assert not any("Note" in line for line in page(made(tmp_path / "measured", runs), "all runs"))


def test_two_runs_are_compared_in_sentences_that_a_person_would_say(tmp_path, page):
    runs = twins(schedule=["linear", "cosine"], metrics=[{"fid": 7.9}, {"fid": 6.4}])
    text = " ".join(" ".join(page(made(tmp_path / "registry", runs), "compare run-0 and run-1")).split())
    assert "differ in schedule (linear against cosine). run-1 is better: FID 6.4 against 7.9" in text
    runs = twins(status=["finished", "failed"], metrics=[{}, {"fid": 6.4}])
    text = " ".join(" ".join(page(made(tmp_path / "again", runs), "compare run-0 and run-1")).split())
    assert "No setting of" in text and "no figure in common" in text and "run-0 finished, run-1 failed." in text


def test_three_runs_are_compared_as_runs(page, hostile):
    text = " ".join(" ".join(page(hostile, "compare run-014, run-015 and run-016")).split())
    assert "run-014 run-015 run-016" in text and "of 1" not in text
    assert "only run-016 has linear_attention" in text and "schedule (linear, cosine, cosine)" in text


# -- pictures


@pytest.fixture
def pictured(tmp_path: Path) -> str:
    (tmp_path / "run/samples").mkdir(parents=True)
    Image.new("RGB", (300, 200), (255, 0, 0)).save(tmp_path / "run/samples/latest.png")
    (tmp_path / "broken/samples").mkdir(parents=True)
    (tmp_path / "broken/samples/latest.png").write_bytes(b"\x89PNG no picture")
    facts = {"thumbnail": "samples/latest.png", "dataset": "MNIST"}
    runs = [RunRecord(run_id=f"run-{n}", name=n, path=str(tmp_path / n), **facts) for n in ("run", "broken", "gone")]
    return made(tmp_path / "registry", runs)


def test_pictures_are_named_and_have_a_thumbnail_in_json(pictured, page, capsys, tmp_path):
    text = "".join(page(pictured, "--pictures", "--where", "dataset = MNIST")).replace(" ", "")
    assert str(tmp_path / "run/samples/latest.png") in text and "Nopicturesonthismachine:run-gone." in text
    assert main(["--pictures", "--where", "dataset = MNIST", "--registry", pictured, "--json"]) == 0
    hits = {hit["run_id"]: hit for hit in json.loads(capsys.readouterr().out)["hits"]}
    assert hits["run-run"]["pictures"] == [str(tmp_path / "run/samples/latest.png")]
    assert hits["run-run"]["thumbnail"].startswith("data:image/png;base64,")
    assert hits["run-broken"]["thumbnail"] is None and hits["run-gone"]["pictures"] == []


@given(st.integers(1, 6), st.integers(2, 6), st.randoms())
def test_half_blocks_hold_the_pixels(width: int, height: int, random):
    image = Image.new("RGB", (width, height))
    pixels = [[tuple(random.randrange(256) for _ in range(3)) for _ in range(width)] for _ in range(height)]
    image.putdata([pixel for row in pixels for pixel in row])
    drawn = half_blocks(image)
    colors = [(tuple(s.style.color.triplet), tuple(s.style.bgcolor.triplet)) for s in drawn.spans]
    assert colors == [(pixels[y][x], pixels[y + 1][x]) for y in range(0, height - 1, 2) for x in range(width)]


def test_a_thumbnail_is_small_whatever_the_picture(tmp_path: Path):
    Image.effect_noise((3000, 1000), 90).save(tmp_path / "large.png")
    uri = thumbnail_uri(str(tmp_path / "large.png"))
    assert uri is not None and len(uri) < 80_000
    assert thumbnail_uri(str(tmp_path / "none.png")) is None
