"""What goes in comes out: the import format, its odd values, and the three export formats."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from diffusionlab.registry.manage.transfer import export_runs, import_runs, read_jsonl, to_export
from diffusionlab.registry.record.columns import ALIASES
from diffusionlab.registry.record.facets import close
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry

LINES = [
    {
        "run_id": "run-001",
        "name": "fmnist_script_unet",
        "created_at": "2025-03-14T10:05:00+00:00",
        "modified_at": "2025-03-14T18:40:00+00:00",
        "status": "finished",
        "framework": "PyTorch 2.6",
        "architecture": "UNetDenoiser",
        "arch_tags": ["unet", "linear_attention"],
        "dataset": "Fashion-MNIST",
        "batch_size": 128,
        "lr": 0.0002,
        "optimizer": "AdamW",
        "epochs": 150,
        "hardware": "CPU",
        "params": 3100000,
        "metrics": {"fid": 31.4, "val_loss": 0.0312},
        "schedule": "linear",
        "prediction": "epsilon",
        "image_size": 28,
        "description": "removes noise from clothing pictures",
        "path": "outputs/2025-03-14/unet",
        "size": 12420000,
    },
    {
        "run_id": "run-002",
        "name": "O'Brien; DROP",
        "status": "crashed",
        "metrics": {"fid": None, "speed": 3.5},
        "hardware": "8x H100",
        "schedule": "none",
        "prediction": "consistency",
        "lr": 5e-05,
        "colour": {"hue": [1, None]},
    },
    {"run_id": "run-003", "name": "nur Name", "status": "running", "seed": 0, "empty": None},
]


def file_of(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "runs.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "registry")
    import_runs(registry, read_jsonl(file_of(tmp_path, *map(json.dumps, LINES))))
    return registry


def exported(registry: Registry, form: str) -> bytes:
    out = io.BytesIO()
    export_runs(registry.records(), out, form)
    return out.getvalue()


def test_every_key_of_an_imported_run_comes_back(registry: Registry) -> None:
    rows = [json.loads(line) for line in exported(registry, "jsonl").splitlines()]
    for given, row in zip(LINES, rows, strict=True):
        expected = given | ({"arch_tags": close(given["arch_tags"])} if "arch_tags" in given else {})
        assert {key: row.get(ALIASES.get(key, key)) for key in expected} == expected
        assert row["sources"]["status"] == "import" and "run_id" not in row["sources"]


def test_an_export_can_be_imported_again_without_change(registry: Registry, tmp_path: Path) -> None:
    file = file_of(tmp_path, exported(registry, "jsonl").decode())
    other = Registry(tmp_path / "other")
    import_runs(other, read_jsonl(file))
    assert other.records() == registry.records()


def test_csv_has_one_column_a_metric(registry: Registry) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(registry, "csv").decode(), newline="")))
    assert [row["metrics.fid"] for row in rows] == ["31.4", "", ""]
    assert rows[0]["arch_tags"] == "unet;linear_attention;cnn;attention"
    assert (rows[1]["name"], rows[1]["parameterization"], rows[2]["seed"]) == ("O'Brien; DROP", "consistency", "0")


def test_parquet_keeps_the_types(registry: Registry) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(exported(registry, "parquet")))
    assert table.schema.field("created_at").type.tz == "UTC"
    assert table.column("fid").to_pylist() == [31.4, None, None]
    assert {"num_parameters", "parameterization", "size_bytes"} <= set(table.column_names)


def test_a_batch_with_one_bad_line_changes_nothing_and_names_the_line(tmp_path: Path) -> None:
    file = file_of(tmp_path, json.dumps(LINES[0]), "", '{"run_id": "b", "lr": "fast"}')
    with pytest.raises(ValueError, match=r"runs\.jsonl, line 3: lr: 'fast' is not a number"):
        read_jsonl(file)


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"name": "x"}', '{"run_id": ""}', '{"run_id": {"a": 1}}'])
def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="line 1: ") as error:
        read_jsonl(file_of(tmp_path, line))
    assert "\n" not in str(error.value)


def test_an_array_is_read_as_lines_are(tmp_path: Path) -> None:
    array, lines = tmp_path / "runs.json", file_of(tmp_path, *map(json.dumps, LINES))
    array.write_text(json.dumps(LINES, indent=1), encoding="utf-8")
    assert read_jsonl(array) == read_jsonl(lines)
    array.write_text(json.dumps([LINES[0], {"name": "no id"}]), encoding="utf-8")
    refused: list[str] = []
    assert len(read_jsonl(array, refused.append)) == 1 and "runs.json, item 2: " in refused[0]


def test_importing_again_replaces(registry: Registry, tmp_path: Path) -> None:
    import_runs(registry, read_jsonl(file_of(tmp_path, '{"run_id": "run-001", "name": "new"}')))
    assert [record.name for record in registry.records()] == ["new", "O'Brien; DROP", "nur Name"]


def test_unknown_facts_are_left_out_of_an_export_but_zero_and_false_are_facts() -> None:
    record = RunRecord(run_id="a", name="a", seed=0, git_dirty=False, extra={"colour": "red"})
    assert to_export(record) == {
        "run_id": "a",
        "name": "a",
        "seed": 0,
        "git_dirty": False,
        "schema_version": 1,
        "colour": "red",
    }


def test_a_wrong_line_is_named_and_the_others_go_in(tmp_path: Path) -> None:
    refused: list[str] = []
    file = file_of(tmp_path, '{"run_id": "a"}', "no json", '{"run_id": "b", "lr": "fast"}', '{"run_id": "c"}')
    assert [record.run_id for record in read_jsonl(file, refused.append)] == ["a", "c"]
    assert [line.partition(": ")[0] for line in refused] == [f"{file}, line 2", f"{file}, line 3"]


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("size", "4.4KB", 4400),
        ("size", "1,2MB", 12_000_000),
        ("params", "35.7M", 35_700_000),
        ("epochs", "missing", None),
        ("optimizer", "None", None),
        ("dataset", "n/a", None),
        ("schedule", "none", "none"),
        ("dataset", "CelebA dataset", "CelebA"),
        ("dataset", "CIFAR-10 data set", "CIFAR-10"),
        ("dataset", "the Ants Dataset", "the Ants Dataset"),
    ],
)
def test_values_are_read_as_people_write_them(tmp_path: Path, key: str, value: str, wanted: object) -> None:
    record = read_jsonl(file_of(tmp_path, json.dumps({"run_id": "a", key: value})))[0]
    assert getattr(record, ALIASES.get(key, key)) == wanted


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"architecture": "ConditionalUNet"}, {"unet", "cnn", "conditional"}),
        ({"architecture": "Seq2SeqModel", "description": "a bidirectional LSTM"}, {"seq2seq", "lstm", "rnn"}),
        ({"name": "my_transformer_v2"}, {"transformer", "attention"}),
        ({"description": "U-Net without attention that removes noise"}, {"unet", "cnn", "diffusion"}),
        ({"description": "classifier-free guidance"}, {"cfg", "conditional"}),
        ({"architecture": "CycleGAN"}, {"cyclegan", "gan"}),
        ({"architecture": "Net", "description": "plays chess"}, set()),
        ({"architecture": "UNet", "arch_tags": ["mlp"]}, {"mlp"}),
    ],
)
def test_facets_are_derived_from_texts_and_marked(tmp_path: Path, facts: dict, wanted: set[str]) -> None:
    record = read_jsonl(file_of(tmp_path, json.dumps({"run_id": "a", **facts})))[0]
    assert set(record.arch_tags) == wanted
    assert record.sources.get("arch_tags", "").startswith("derived") == (bool(wanted) and "arch_tags" not in facts)
