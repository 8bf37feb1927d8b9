"""Run folders as training leaves them, written in a moment; and a reader that takes pages apart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from diffusionlab.registry.record.run_record import RunRecord, read_record, write_record

VOID = {"meta", "link", "img", "input", "br", "line", "circle", "path", "wbr"}
METRICS = """\
epoch,step,train/loss_epoch,train/loss_step,train/loss_t_high,train/loss_t_low,val/loss
0,4,,0.9,,,
0,9,,0.5,,,
0,9,,,,,0.45
0,9,0.6,,0.3,0.9,
1,14,,0.3,,,
1,19,,0.2,,,0.25
1,19,0.3,,0.1,0.5,
2,29,0.2,0.15,0.08,0.3,0.19
"""


def run_folder(
    root: Path,
    run_id: str = "20260101-000000-abc123",
    *,
    logged: str = METRICS,
    epochs: Sequence[int] = (1, 2, 3),
    **facts: Any,
) -> Path:
    """A finished run below `root`, with three coloured squares for sample grids."""
    folder = root / f"run{len(list(root.glob('run*')))}"
    settings = {"name": "a", "seed": 0, "data": {"_target_": "diffusionlab.data.Garments", "batch_size": 16}}
    known = {
        "name": "a run",
        "status": "finished",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "dataset": "Garments",
        "arch_tags": ["unet", "attention"],
        "metrics": {"val_loss": 0.19, "train_loss": 0.2},
        "config": settings,
        "layers": ["stem: Conv2d(1, 16, 3x3)"],
        "command": "python train.py name='a run'",
        "path": str(folder),
        "thumbnail": "samples/latest.png",
        "schedule": "cosine",
    }
    write_record(RunRecord(run_id=run_id, **(known | facts)), folder)
    if logged:
        (folder / "logs/version_0").mkdir(parents=True)
        (folder / "logs/version_0/metrics.csv").write_text(logged)
    for epoch in epochs:
        square(folder / f"samples/epoch_{epoch:04d}.png", epoch)
        square(folder / "samples/latest.png", epoch)
    return folder


def square(path: Path, shade: int = 0, size: tuple[int, int] = (400, 200)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade * 60 % 256, 90, 160)).save(path)
    return path


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements of a page in order, each with its own text; raises where tags are not properly nested."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []

    @classmethod
    def read(cls, path: Path) -> "Page":
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        assert not page._open, [element.tag for element in page._open]
        return page

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {tag} {attrs}"
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open and self._open[-1].tag == tag, f"</{tag}> closes {self._open[-1:]}"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [one for one in self.elements if one.tag == tag and wanted.items() <= one.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        (element,) = self.all(tag, **attributes)
        return element

    def rows(self) -> dict[str, list[str]]:
        """First cell of a table's row -> its other cells."""
        rows: list[list[str]] = []
        for element in self.elements:
            if element.tag == "tr":
                rows.append([])
            elif element.tag in ("th", "td"):
                rows[-1].append(element.text)
        return {first: others for first, *others in rows}

    @property
    def text(self) -> str:
        return self.one("body").text

    def data(self, number: int = 0) -> Any:
        return json.loads(self.all("script", type="application/json")[number].text)


def assert_stands_alone(page: Page, *, links: Mapping[str, Path] | None = None) -> None:
    """Nothing is fetched, nothing runs but the page's own script, every picture has words, ids are unique."""
    (script,) = [one for one in page.all("script") if one.attributes.get("type") != "application/json"]
    assert script.text.startswith('"use strict"') and "src" not in script.attributes
    for element in page.elements:
        assert not any(name.startswith("on") or name == "style" for name in element.attributes), element
        assert element.tag not in ("iframe", "object", "embed", "base"), element
        for name in ("src", "srcset", "poster", "action", "data"):
            assert element.attributes.get(name, "data:").startswith("data:"), element
        href = element.attributes.get("href", "#")
        assert href.startswith(("#", "data:")) or (links and href in links), element
    assert "url(" not in page.one("style").text and "@import" not in page.one("style").text
    assert all(image.attributes["alt"] for image in page.all("img"))
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    for anchor in page.all("a"):
        if anchor.attributes["href"].startswith("#"):
            assert anchor.attributes["href"][1:] in ids


def measured(folder: Path) -> Path:
    """Add a recorded evaluation and CLIP scores, as `evaluate.py` and `sample.py` leave them."""
    figures = {"fid": 21.3, "kid": 0.012, "kid_low": 0.01, "kid_high": 0.014, "precision": 0.7}
    figures |= {"label_accuracy": 0.75, "memorised": 0.01}
    evaluation = {
        "run_id": "any",
        "step": 1200,
        "protocol": "classifier, 1000 samples against Garments test, DDIM 50 steps, guidance 2",
        "evaluated_at": "2026-01-02T03:04:05+00:00",
        "num_samples": 1000,
        "metrics": figures,
        "floor": {"fid": 1.9, "kid": 0.0001, "kid_low": -0.0003, "kid_high": 0.0004, "precision": 0.96},
        "classifier_accuracy": 0.97,
        "classes": {"T-shirt/top": {"fid": 30.0, "label_accuracy": 0.8}, "Bag": {"label_accuracy": 0.9}},
    }
    record = read_record(folder)
    record.evaluations[evaluation["protocol"]] = figures
    write_record(record, folder)
    (folder / "evaluations").mkdir()
    (folder / "evaluations/one.json").write_text(json.dumps(evaluation))
    square(folder / "evaluations/one.png", 2)
    classes = [{"class": "Bag", "samples": 4, "quality": 0.5, "good": 0.2, "clear": 0.3, "blurry": -0.1}]
    grid = square(folder / "samples/sampled_000/grid.png", 1)
    (grid.parent / "scores.json").write_text(
        json.dumps({"clip": "local", "seed": 0, "classes": classes, "samples": []})
    )
    square(grid.parent / "difficulty.png", 3)
    return folder
