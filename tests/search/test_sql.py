"""`search.py --sql`: the registry's own rows, and nothing else on the machine."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean

import pytest

from diffusionlab.registry.manage.edits import delete
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from diffusionlab.search.show.cli import main
from tests.search.fixture_runs import RUNS, records

BY_DATASET = "select dataset, avg(fid) from runs group by 1 order by 1"


def rows(capsys, uri: str, query: str) -> list[list[object]]:
    assert main(["--sql", query, "--json", "--registry", uri]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"] == len(found["rows"]) and found["query"] == query
    return found["rows"]


def test_groups_are_those_of_the_records(registry, capsys):
    by_dataset = defaultdict(list)
    for run in RUNS:
        by_dataset[run.dataset] += [run.fid] if run.fid is not None else []
    expected = [[name, pytest.approx(mean(fids))] for name, fids in sorted(by_dataset.items())]
    assert rows(capsys, registry.uri, BY_DATASET) == expected


def test_page_csv_and_json_have_the_same_rows(registry, capsys):
    assert main(["--sql", BY_DATASET, "--csv", "--registry", registry.uri]) == 0
    head, *lines = csv.reader(io.StringIO(capsys.readouterr().out))
    assert head == ["dataset", "avg(fid)"]
    assert [[name, float(fid)] for name, fid in lines] == rows(capsys, registry.uri, BY_DATASET)
    assert main(["--sql", BY_DATASET, "--registry", registry.uri]) == 0
    page = capsys.readouterr().out
    assert all(name in page for name, _ in lines) and f"{len(lines)} rows." in page


def test_times_lists_and_json_columns_are_what_they_are(registry, capsys):
    query = (
        "select date_trunc('month', created_at) as month, count(*) from runs "
        "where list_contains(arch_tags, 'unet') group by 1 order by 1"
    )
    found = rows(capsys, registry.uri, query)
    unets = [run.created for run in RUNS if "unet" in run.tags]
    assert sum(count for _, count in found) == len(unets)
    assert found[0][0].startswith(min(unets).strftime("%Y-%m-01T00:00:00"))
    assert rows(capsys, registry.uri, "select (metrics->>'fid')::double - fid from runs where run_id = 'run-014'") == [
        [0]
    ]


def test_values_that_json_does_not_know_are_null_or_text(registry, capsys):
    query = "select 'nan'::double, 'inf'::double, 1.5::decimal(9, 2), interval 1 day, [1, 2], {'a': 1}, 'x'::blob, 1, 1"
    (found,) = rows(capsys, registry.uri, query)
    assert found[:3] == [None, None, 1.5] and found[4:6] == [[1, 2], {"a": 1}] and found[-2:] == [1, 1]


def test_what_waits_counts_and_what_is_deleted_does_not(tmp_path: Path, capsys):
    registry = Registry(tmp_path / "registry")
    registry.upsert(records()[:3])
    registry.keep([RunRecord(run_id="new", name="new")])
    delete(registry, "run-001")
    assert rows(capsys, registry.uri, "select run_id from runs order by 1") == [["new"], ["run-002"], ["run-003"]]


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from glob('{folder}/*')",
        "copy runs to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/out.db'",
        "install httpfs",
        "load httpfs",
        "select * from read_parquet('https://example.org/x.parquet')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "pragma enable_external_access = true",
        "create table t as select 1",
        "drop view runs",
        "delete from runs",
        "update runs set fid = 0",
        "select 1; select 2",
        "select 1; copy runs to '{folder}/out.csv'",
        "explain analyze select 1",
        "checkpoint",
        "call pragma_version()",
        "select * from registry",
        "select * from table",
        "select fidd from runs",
        "select \x1b[31m from runs",
        "",
        ";",
        "'; drop table runs; --",
        "select * from query('copy runs to ''{folder}/out.csv''')",
    ],
)  # fmt: skip
def test_nothing_but_a_select_over_the_runs(registry, tmp_path: Path, capsys, query: str):
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,the secret\n")
    before = Registry(registry.uri).rows()
    code = main([f"--sql={query.format(file=secret, folder=tmp_path)}", "--registry", registry.uri])
    captured = capsys.readouterr()
    assert code == 2 and captured.out == "" and "the secret" not in captured.err
    assert captured.err.startswith("error: ") and len(captured.err.splitlines()) == 1 and "\x1b" not in captured.err
    assert sorted(tmp_path.iterdir()) == [secret] and Registry(registry.uri).rows() == before


def test_a_column_that_is_misspelt_is_answered_with_the_nearest(registry, capsys):
    assert main(["--sql", "select datset from runs", "--registry", registry.uri]) == 2
    assert '"dataset"' in capsys.readouterr().err


def test_sql_stands_alone(registry, capsys):
    assert main(["unets", "--sql", "select 1", "--registry", registry.uri]) == 2
    assert "omit the question" in capsys.readouterr().err


def test_formulas_are_no_formulas_in_csv(tmp_path: Path, capsys):
    registry = Registry(tmp_path / "registry")
    registry.upsert(RunRecord(run_id="r", name="=HYPERLINK(1)"))
    assert main(["--sql", "select name from runs", "--csv", "--registry", registry.uri]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "'=HYPERLINK(1)"
