"""The page of a script: facts that link to their lines, the source as it is, and no harm from what stands in it."""

import json
from pathlib import Path

import pytest

from diffusionlab.ingest.command import add_ingest
from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.command import add_reports
from diffusionlab.report.source import LONGEST, MOST_LINES
from tests.report.folders import Page, assert_stands_alone, run_folder, square

FIXTURES = Path(__file__).parents[1] / "ingest/fixtures"
SCRIPT = """\
import torch
import settings

model = torch.nn.Linear(3, 3)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)  # {comment}
"""
HOSTILE_SCRIPT = SCRIPT.replace(
    "# {comment}",
    "# </code></div><script>alert(1)</script><img src=x onerror='alert(2)'>{{ 7 * 7 }} \u202egnol\u2066\n"
    + "text = '"
    + "m" * 1_000_000
    + "'\n'''never closed </style> \x1b[31m",
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ingest(*words: object) -> None:
    assert main(["ingest", *map(str, words)], more=[add_ingest]) == 0


def page_of(name: str, capsys: pytest.CaptureFixture[str]) -> Page:
    capsys.readouterr()
    assert main(["report", name], more=[add_reports]) == 0
    page = Page.read(Path(capsys.readouterr().out.strip()))
    assert_stands_alone(page)
    return page


def code(page: Page) -> list[str]:
    return [element.text for element in page.all("code") if element.text and "registry.py" not in element.text]


@pytest.mark.parametrize("name", ["latent_diffusion.py", "two_values_by_an_option.py", "argparse_options.py"])
def test_each_fact_links_to_a_line_that_says_so(name: str, capsys: pytest.CaptureFixture[str]):
    ingest(FIXTURES / name)
    page = page_of(f"fixtures/{name}", capsys)
    rows = FIXTURES.joinpath(name).read_text().split("\n")
    lines = [one for one in page.all("div") if one.attributes.get("id", "").startswith("L")]
    assert [one.attributes["id"] for one in lines] == [f"L{number}" for number in range(1, len(rows) + 1)]
    assert all(row in line.text for row, line in zip(rows, lines, strict=True))
    (record,) = Registry().records()
    facts = record.extra["script"]["facts"]
    targets = {one.attributes["href"] for one in page.all("a")}
    assert {f"#L{line}" for entries in facts.values() for one in entries for line in one["lines"]} <= targets
    marked = {f"#{one.attributes['id']}" for one in lines if "fact" in one.attributes["class"].split()}
    assert marked and marked <= targets


def test_conflicts_and_what_depends_on_input(capsys: pytest.CaptureFixture[str]):
    ingest(FIXTURES / "two_values_by_an_option.py")
    (record,) = Registry().records()
    details = record.extra["script"]
    assert details["conflicts"] or details["depends_on_input"]
    page = page_of(record.run_id, capsys)
    for conflict in details["conflicts"]:
        assert all(str(one["value"]) in page.one("section", id="conflicts").text for one in conflict["values"])
    assert bool(page.all("section", id="asked")) == bool(details["depends_on_input"])


def test_a_notebook_is_shown_by_cells(capsys: pytest.CaptureFixture[str]):
    path = FIXTURES / "magics.ipynb"
    ingest(path)
    page = page_of("fixtures/magics.ipynb", capsys)
    cells = json.loads(path.read_text())["cells"]
    kinds = [one.text for one in page.all("div", class_="cell")]
    assert kinds == [f"{cell['cell_type']}, cell {number}" for number, cell in enumerate(cells)]
    assert any(line.startswith(("%", "!")) for line in code(page)), "magics stand as they were written"
    (record,) = Registry().records()
    places = record.extra["script"]["facts"]["optimizer"][0]["lines"]
    links = {one.attributes["href"]: one.text for one in page.all("a")}
    assert places and all(links[f"#L{place.replace(':', '-')}"] == place for place in places)


def test_a_hostile_source_is_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "<b>pile" / "</title><script>.py"
    path.parent.mkdir(parents=True)
    path.write_text(HOSTILE_SCRIPT)
    ingest(path)
    (record,) = Registry().records()
    page = page_of(record.run_id, capsys)
    assert not page.all("img") and "<script>alert(1)</script>" in page.text and "{{ 7 * 7 }}" in page.text
    html = next(Path("outputs/scripts").glob("*.html")).read_text()
    assert not {"\u202e", "\u2066", "\x1b"} & set(html)
    assert len(html) < 100_000 and max(map(len, code(page))) < LONGEST + 50
    assert f"{1_000_009 - LONGEST:,} more characters" in page.text


def test_a_very_long_source_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "long.py").write_text(SCRIPT + "x = 1\n" * (MOST_LINES + 500) + "torch.manual_seed(3)\n")
    ingest(tmp_path / "long.py")
    (record,) = Registry().records()
    page = page_of(record.run_id, capsys)
    assert len(code(page)) <= MOST_LINES and "507 more lines are not shown" in page.text


def test_the_source_is_shown_only_while_it_is_what_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    ingest(path)
    (record,) = Registry().records()
    for change in (lambda: path.write_text("secret = 1\n"), path.unlink):
        change()
        page = page_of(record.run_id, capsys)
        assert "AdamW" in page.one("section", id="facts").text
        assert "secret" not in page.text and "not shown" in page.one("section", id="source").text
        assert not [one for one in page.all("a") if one.attributes["href"].startswith("#L")]


def test_a_strangers_record_shows_no_file_of_this_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "private.py").write_text("password = 'hunter2'\n")
    claims = {"sha256": "0" * 64, "facts": {}, "path": "x"}
    strange = [claims, claims | {"facts": {"lr": [3]}}, {"facts": []}, [], "text"]
    Registry().upsert(
        [
            RunRecord(
                run_id=f"../{n}", name="x", kind="script", path=str(tmp_path / "private.py"), extra={"script": one}
            )
            for n, one in enumerate(strange)
        ]
    )
    for number in range(len(strange)):
        assert "hunter2" not in page_of(f"../{number}", capsys).text
    assert main(["report"], more=[add_reports]) == 0
    assert {path.parent for path in tmp_path.rglob("*.html")} <= {tmp_path / "outputs", tmp_path / "outputs/scripts"}


def test_pictures_stand_on_the_page_and_on_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1/train.py").write_text(SCRIPT)
    for epoch in (2, 10):
        square(tmp_path / f"v1/epoch_{epoch}.png", epoch)
    folder = run_folder(tmp_path)
    Registry().upsert(RunRecord(run_id="run-1", name="a run"))
    ingest(tmp_path / "v1")
    assert main(["ingest", str(folder / "samples"), "--images-of", "run-1"], more=[add_ingest]) == 0
    page = page_of("v1/train.py", capsys)
    assert [image.attributes["alt"] for image in page.all("img")] == ["epoch 2", "epoch 10"]
    (tmp_path / "v1/epoch_2.png").unlink()
    page = page_of("v1/train.py", capsys)
    assert len(page.all("img")) == 1 and "epoch_2.png is gone" in page.text
    run = page_of("run-1", capsys)
    assert [image.attributes["alt"] for image in run.all("img")] == ["latest", "epoch 1", "epoch 2", "epoch 3"]

    assert main(["report"], more=[add_reports]) == 0
    gallery = Page.read(Path("outputs/gallery.html"))
    (link,) = [one for one in gallery.all("a")]
    assert (Path("outputs") / link.attributes["href"]).is_file() and link.text == "v1/train.py"
    assert len(gallery.all("img")) == 2
    card = next(one for one in gallery.all("li", class_="card") if "v1/train.py" in one.text)
    assert "AdamW" in card.text and "0.0003" in card.text and "script" in card.text
