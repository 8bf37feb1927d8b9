"""run.json: whole at every moment, nothing lost on the way through it, and canonical names inside."""

import json
import math
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.registry.record.canonical import (
    DATASET_FAMILY,
    VOCABULARY,
    canonical,
    dataset_family,
    hardware_kind,
    is_gpu,
)
from diffusionlab.registry.record.columns import KINDS
from diffusionlab.registry.record.describe import describe, search_text
from diffusionlab.registry.record.facets import FACETS, IMPLICATIONS, canonical_facet, close
from diffusionlab.registry.record.run_record import RunRecord, new_run_id, read_record, write_record

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10)
cells = {
    "text": texts,
    "int": st.integers(-(2**63) + 1, 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "time": st.datetimes(
        datetime(1971, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
    ),
    "list": st.lists(texts, max_size=3),
    "json": st.dictionaries(texts, texts, max_size=3),
}
special = {
    "metrics": st.dictionaries(texts, st.none() | cells["float"], max_size=4),
    "evaluations": st.dictionaries(texts, st.dictionaries(texts, st.none() | cells["float"], max_size=3), max_size=2),
    "config": st.recursive(
        st.none() | st.booleans() | cells["int"] | texts, lambda inner: st.dictionaries(texts, inner), max_leaves=6
    ).filter(lambda value: isinstance(value, dict)),
    "extra": st.dictionaries(texts.filter(lambda key: key not in KINDS), st.none() | texts | st.lists(st.integers())),
}
records = st.fixed_dictionaries(
    {"run_id": texts, "name": texts},
    optional={
        column: special.get(column, cells[kind]) for column, kind in KINDS.items() if column not in ("run_id", "name")
    },
).map(lambda fields: RunRecord(**fields))


@given(record=records)
def test_a_record_comes_back_from_json_as_it_was(record: RunRecord) -> None:
    assert RunRecord.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False))) == record


def test_a_record_comes_back_from_its_folder(tmp_path: Path) -> None:
    record = RunRecord(
        run_id="a", name="Größe \U0001f600", metrics={"fid": math.nan, "kid": 0.1}, layers=["down: Conv2d"]
    )
    write_record(record, tmp_path / "run")
    assert read_record(tmp_path / "run") == record
    assert json.loads((tmp_path / "run" / "run.json").read_text())["metrics"] == {"fid": None, "kid": 0.1}
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["run.json"]


def test_keys_of_a_newer_version_are_kept(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"run_id": "a", "name": "b", "schema_version": 9, "colour": {"hue": [1, 2]}}')
    write_record(read_record(tmp_path), tmp_path)
    data = json.loads((tmp_path / "run.json").read_text())
    assert (data["colour"], data["schema_version"]) == ({"hue": [1, 2]}, 9)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_record(RunRecord(run_id="a", name="old"), tmp_path)
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(OSError("power cut")))
    with pytest.raises(OSError, match="power cut"):
        write_record(RunRecord(run_id="a", name="new"), tmp_path)
    assert read_record(tmp_path).name == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting value"),
        ("[1]", "not a JSON object"),
        ('{"name": "a"}', "run_id is missing"),
        ('{"run_id": "a", "epochs": "many"}', "epochs: 'many' is not a whole number"),
        ('{"run_id": "a", "epochs": 1.5}', "epochs: '1.5' is not a whole number"),
        ('{"run_id": "a", "seed": 1e30}', "seed: '1e+30' is not a whole number"),
        ('{"run_id": "a", "created_at": "yesterday"}', "created_at: 'yesterday' is not a date"),
        ('{"run_id": "a", "metrics": 3}', "metrics: '3' is not an object"),
        ('{"run_id": "a", "evaluations": {"p": {"fid": "low"}}}', "evaluations:"),
        ('{"run_id": "a", "git_dirty": "perhaps"}', "git_dirty: 'perhaps' is not true or false"),
        ('{"run_id": "a", "config": ' + "[" * 100_000, "run.json"),
    ],
)
def test_an_unreadable_file_is_one_line_that_names_it(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError) as error:
        read_record(tmp_path)
    assert says in str(error.value) and str(tmp_path) in str(error.value) and "\n" not in str(error.value)


def test_loose_values_are_read_for_what_they_mean() -> None:
    record = RunRecord.from_json(
        {
            "run_id": 7,
            "batch_size": "128",
            "lr": "2e-4",
            "params": 3.1e6,
            "prediction": "eps",
            "size": "1",
            "tags": "one",
            "created_at": "2025-03-14",
            "metrics": {"fid": float("inf"), "is": "9.5"},
            "seed": None,
        }
    )
    assert (record.run_id, record.name, record.batch_size, record.lr) == ("7", "7", 128, 2e-4)
    assert (record.num_parameters, record.parameterization, record.size_bytes) == (3_100_000, "epsilon", 1)
    assert (record.tags, record.metrics, record.seed) == (["one"], {"fid": None, "is": 9.5}, None)
    assert record.created_at == datetime(2025, 3, 14, tzinfo=UTC)


def test_run_ids_are_unique_and_sort_by_time() -> None:
    times = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(50)]
    ids = [new_run_id(time) for time in times]
    assert ids == sorted(ids)
    assert len({new_run_id(times[0]) for _ in range(200)}) == 200
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", ids[0])


def test_facets_are_closed_and_closing_twice_changes_nothing() -> None:
    assert close(["U-Net", "linear attention", "CFG"]) == [
        "unet",
        "linear_attention",
        "cfg",
        "cnn",
        "attention",
        "conditional",
    ]
    for facet, implied in IMPLICATIONS.items():
        assert {facet, *implied} <= set(FACETS)
        assert set(implied) < set(close([facet]))
        assert close(close([facet])) == close([facet])
    assert close(["dit"]) == ["dit", "transformer"]
    assert canonical_facet("Mixture of Experts") == "mixture_of_experts"


def test_no_spelling_means_two_things() -> None:
    for column, names in VOCABULARY.items():
        for name, others in names.items():
            assert all(canonical(column, text) == name for text in (name, name.lower(), *others)), (column, name)
    for facet, others in FACETS.items():
        assert all(canonical_facet(text) == facet for text in (facet, *others)), facet


@pytest.mark.parametrize(
    ("typed", "name", "family"),
    [
        ("cifar 10", "CIFAR-10", "CIFAR-10"),
        ("CIFAR10", "CIFAR-10", "CIFAR-10"),
        ("cifar_10", "CIFAR-10", "CIFAR-10"),
        ("cifar100", "CIFAR-100", "CIFAR-100"),
        ("mnist", "MNIST", "MNIST"),
        ("FashionMNIST", "Fashion-MNIST", "Fashion-MNIST"),
        ("fashion mnist", "Fashion-MNIST", "Fashion-MNIST"),
        ("fmnist", "Fashion-MNIST", "Fashion-MNIST"),
        ("CIFAR-10 cat/dog", "CIFAR-10 cat/dog", "CIFAR-10"),
        ("cats and dogs", "CIFAR-10 cat/dog", "CIFAR-10"),
        ("my photos", "my photos", "my photos"),
    ],
)
def test_data_sets_have_one_name(typed: str, name: str, family: str) -> None:
    assert (canonical("dataset", typed), dataset_family(canonical("dataset", typed))) == (name, family)
    assert set(DATASET_FAMILY.values()) <= set(VOCABULARY["dataset"])


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ("CPU", "cpu"),
        ("CPU (AMD EPYC 9554 64-Core Processor, 2 cores)", "cpu"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "cpu"),
        ("RTX 4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 3060 Ti", "rtx-3060-ti"),
        ("NVIDIA RTX A6000", "rtx-a6000"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("8x H100", "h100"),
        ("H200", "h200"),
        ("8 x NVIDIA H200", "h200"),
        ("NVIDIA A100-SXM4-40GB", "a100"),
        ("Tesla V100-SXM2-16GB", "v100"),
        ("Tesla T4", "t4"),
        ("NVIDIA GH200 480GB", "gh200"),
        ("NVIDIA L40S", "l40s"),
        ("AMD Instinct MI300X", "mi300x"),
        ("NVIDIA Graphics Device", "gpu"),
        ("cuda", "gpu"),
        ("Apple MPS", "mps"),
        ("TPU v4", "tpu-v4"),
    ],
)
def test_hardware_has_one_kind(found: str, kind: str) -> None:
    assert hardware_kind(found) == kind
    assert is_gpu(kind) == (kind not in ("cpu", "tpu-v4"))


@pytest.mark.parametrize(("typed", "name"), [("adam", "Adam"), ("torch.optim.AdamW", "AdamW"), ("rms-prop", "RMSprop")])
def test_optimizers_have_one_name(typed: str, name: str) -> None:
    assert canonical("optimizer", typed) == name


def test_the_description_is_made_of_facts_and_spellings() -> None:
    record = RunRecord(
        run_id="a",
        name="a",
        arch_tags=["unet", "linear_attention", "cfg", "latent", "autoencoder"],
        schedule="cosine",
        dataset="fashion mnist",
        parameterization="eps",
        optimizer="adamw",
        lr=2e-4,
        batch_size=128,
        epochs=1,
        image_size=28,
        hardware="NVIDIA H100",
    )
    assert describe(record) == (
        "Class-conditional latent U-Net (unet, cnn) with linear attention and classifier-free guidance (cfg) "
        "predicting noise (epsilon) on Fashion-MNIST, 28x28, cosine schedule, "
        "AdamW, lr 0.0002, batch 128, 1 epoch, on h100."
    )
    assert {"convnet", "fmnist", "h100", "velocity"} & set(search_text(record).split()) == {"convnet", "fmnist", "h100"}
    assert describe(RunRecord(run_id="b", name="b")) == "Network."
