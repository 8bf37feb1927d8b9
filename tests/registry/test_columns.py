"""A column is one row of one table; what is added there is recorded, asked for, ordered by, and shown."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from diffusionlab.registry.manage.cli import main as registry_cli
from diffusionlab.registry.record.columns import (
    BY_NAME,
    COLUMNS,
    KINDS,
    MEASURES,
    TABLE,
    head,
    label,
    lower_is_better,
    short,
)
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.show.cli import main as search_cli

ROOT = Path(__file__).parents[2]
METRIC = """
    Column("lpips", "float", "LPIPS", source="metric", better="low", said="lpips, perceptual distance", index="BTree"),
    Column("metrics", "json\""""
COLUMN = """
    Column("color_space", "text", group="training", values="named", said="color space", shown=9),
    Column("batch_size", "int\""""
FIELD = "    color_space: str | None = None\n    batch_size: int | None = None\n"


def edited(tmp_path: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of the sources with (file of the record package, text, its replacement)."""
    source = shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    for name, old, new in edits:
        file = source / "diffusionlab/registry/record" / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")
    return source


def program(source: Path, folder: Path, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(source), "DIFFUSIONLAB_REGISTRY": str(folder / "registry")}
    code = f"import sys; from diffusionlab.{words[0]}.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *words[1:]], capture_output=True, text=True, env=environment, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def hits(source: Path, folder: Path, *words: str) -> list[str]:
    return [hit["run_id"] for hit in json.loads(program(source, folder, "search.show", *words, "--json"))["hits"]]


def imported(source: Path, folder: Path, runs: list[dict[str, object]]) -> None:
    (folder / "runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
    program(source, folder, "registry.manage", "import", "runs.jsonl")


def test_a_metric_is_one_row(tmp_path: Path) -> None:
    source = edited(tmp_path, ("columns.py", '\n    Column("metrics", "json"', METRIC))
    imported(source, tmp_path, [{"run_id": f"r{n}", "metrics": {"lpips": n / 10}} for n in range(1, 5)])
    assert sorted(hits(source, tmp_path, "perceptual distance below 0.25")) == ["r1", "r2"]
    assert hits(source, tmp_path, "best 2 by lpips") == ["r1", "r2"]
    assert hits(source, tmp_path, "--where", "lpips > 0.2", "--sort", "lpips:desc") == ["r4", "r3"]
    assert "LPIPS" in program(source, tmp_path, "search.show", "average lpips")
    query = "select avg(lpips) from runs"
    (found,) = json.loads(program(source, tmp_path, "search.show", "--sql", query, "--json"))["rows"]
    assert found == [pytest.approx(0.25)]


def test_a_column_is_one_row_and_one_field(tmp_path: Path) -> None:
    source = edited(
        tmp_path,
        ("columns.py", '\n    Column("batch_size", "int"', COLUMN),
        ("run_record.py", "    batch_size: int | None = None\n", FIELD),
    )
    imported(source, tmp_path, [{"run_id": f"r{n}", "color_space": space} for n, space in enumerate(("oklab", "srgb"))])
    assert hits(source, tmp_path, "oklab runs") == ["r0"]
    assert hits(source, tmp_path, "--where", "color_space = srgb") == ["r1"]
    assert "oklab" in program(source, tmp_path, "registry.manage", "show", "r0")
    page = program(source, tmp_path, "search.show", "all runs")
    assert "color_space" in page and "oklab" in page and "srgb" in page
    assert "color space" in program(source, tmp_path, "registry.manage", "compare", "r0", "r1")


def test_names_are_told_apart() -> None:
    """By one table: nothing is named twice, and no short name is another column."""
    assert len(BY_NAME) == len(TABLE)
    shorts = [short(column) for column in COLUMNS]
    assert len(set(shorts)) == len(shorts)
    shown = [column.shown for column in TABLE if column.shown]
    assert len(set(shown)) == len(shown)


def test_a_metric_without_a_row_is_known_by_its_name() -> None:
    assert (label("metrics.inception_score"), head("metrics.inception_score")) == ("inception score", "inception_score")
    assert lower_is_better("metrics.perceptual_loss") and not lower_is_better("metrics.inception_score")
    assert all(lower_is_better(measure) for measure in MEASURES)


FILLED: dict[str, object] = {
    "text": "plain",
    "time": datetime(2026, 1, 2, 3, tzinfo=UTC),
    "int": 3,
    "float": 0.5,
    "bool": True,
    "list": ["unet"],
}
NOT_SHOWN = {"deleted_at", "search_text", "revision", "heartbeat_at", "process_token", "pid"}
"""What a person neither sees nor asks for."""


def test_a_column_has_one_name_in_files_in_show_and_in_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.chdir(tmp_path)
    facts = {name: FILLED[kind] for name, kind in KINDS.items() if kind != "json" and name not in NOT_SHOWN}
    own = {"run_id": "one", "status": "failed", "kind": None, "metrics": {"fid": 2.5, "speed": 1.0}}
    record = RunRecord(**facts | own)
    Registry().upsert([record, RunRecord(run_id="other", name="other")])
    names = {name for name, value in vars(record).items() if name in facts and value is not None}
    for file in ("runs.csv", "runs.jsonl"):
        assert registry_cli(["export", file]) == 0
    with open("runs.csv", encoding="utf-8", newline="") as lines:
        in_csv = set(next(csv.reader(lines)))
    in_json = set(json.loads(Path("runs.jsonl").read_text(encoding="utf-8").splitlines()[0]))
    capsys.readouterr()
    assert registry_cli(["show", "one"]) == 0
    shown = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert names <= in_csv and names <= in_json
    assert names - {"run_id", "name", "layers"} <= shown  # these are its heading, and a list of their own
    assert {"metrics.fid", "metrics.speed"} <= in_csv & shown
    for name in sorted(names | {"metrics.fid", "metrics.speed"}):
        assert search_cli(["--where", f"{name} is known", "--json"]) == 0, name
        assert "one" in [hit["run_id"] for hit in json.loads(capsys.readouterr().out)["hits"]], name
