"""The table comes back from run folders and journal, whatever happened to it; and the check sees what is wrong."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from diffusionlab.registry.errors import BrokenRegistry
from diffusionlab.registry.manage import edits
from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.purge import purge
from diffusionlab.registry.manage.rebuild import rebuild, run_folders
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.manage.transfer import import_runs
from diffusionlab.registry.record.run_record import RunRecord, read_record, utc_now, write_record
from diffusionlab.registry.storage.table import Registry
from tests.registry.processes import CONTEXT, start, use_read_only


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Three trained runs, two imported ones and one that was only ever put into the table."""
    registry = Registry(tmp_path / "registry")
    for run_id in ("t1", "t2", "t3"):
        recording = RunRecorder(registry.uri, tmp_path / "outputs" / run_id, RunRecord(run_id=run_id, name=run_id))
        recording.start()
        recording.finish("finished", metrics={"fid": 1.0})
    registry.upsert(RunRecord(run_id="only-row", name="row"))
    import_runs(registry, [RunRecord(run_id=run_id, name="imported", path="/nowhere") for run_id in ("i1", "i2")])
    return registry


def everything(registry: Registry) -> dict[str, RunRecord]:
    records = registry.records(deleted=None)
    assert len(records) == len({record.run_id for record in records})
    return {record.run_id: record for record in records}


def spoil(registry: Registry, how: str) -> None:
    assert registry.folder is not None
    table = registry.folder / "runs.lance"
    match how:
        case "newest manifest emptied":
            min((table / "_versions").glob("*.manifest")).write_bytes(b"")
        case "all manifests emptied":
            for manifest in (table / "_versions").glob("*.manifest"):
                manifest.write_bytes(b"")
        case "data lost":
            shutil.rmtree(table / "data")
        case "table lost":
            shutil.rmtree(table)


@pytest.mark.parametrize("how", ["newest manifest emptied", "all manifests emptied", "data lost", "table lost"])
def test_no_run_with_a_truth_is_lost(registry: Registry, tmp_path: Path, how: str) -> None:
    edits.tag(registry, "t1", ["good"])
    edits.note(registry, "i1", "by hand")
    edits.delete(registry, "i2")
    before = everything(registry)
    spoil(registry, how)
    report = rebuild(registry, [tmp_path / "outputs"])
    after = everything(Registry(registry.uri))
    del before["only-row"]  # the newest manifest was of a later write than its own: an older version may have it
    assert {run_id: after[run_id] for run_id in before} == before
    assert ("only-row" in after) == (how == "newest manifest emptied")
    assert (report.set_aside is None) == (how == "table lost")
    assert report.set_aside is None or report.set_aside.is_dir()
    assert (report.from_folders, report.from_journal, report.problems) == (3, 2, [])


def test_a_sound_table_is_kept_while_it_is_brought_up_to_date(registry: Registry, tmp_path: Path) -> None:
    before = everything(registry)
    record = read_record(tmp_path / "outputs" / "t1")
    record.metrics["kid"] = 0.5
    write_record(record, tmp_path / "outputs" / "t1")
    report = rebuild(registry, [tmp_path / "outputs"])
    assert report.set_aside is None
    after = everything(registry)
    assert after.pop("t1").metrics == {"fid": 1.0, "kid": 0.5}
    before.pop("t1")
    assert after == before


def test_folders_that_moved_are_found_where_they_are(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "outputs").rename(tmp_path / "archive")
    rebuild(registry, [tmp_path / "archive"])
    assert everything(registry)["t1"].path == str(tmp_path / "archive" / "t1")
    edits.tag(registry, "t1", ["moved"])
    assert read_record(tmp_path / "archive" / "t1").tags == ["moved"]


def test_a_copied_or_spoilt_folder_is_named_and_the_newer_copy_counts(registry: Registry, tmp_path: Path) -> None:
    copy = tmp_path / "outputs" / "copy"
    shutil.copytree(tmp_path / "outputs" / "t1", copy)
    record = read_record(copy)
    record.modified_at, record.seed = utc_now(), 7
    write_record(record, copy)
    (tmp_path / "outputs" / "t2" / "run.json").write_text('{"run_id": ')
    report = rebuild(registry, [tmp_path / "outputs"])
    assert len(report.problems) == 2
    assert "run t1 is in two folders" in report.problems[0] and "t2/run.json: Expecting value" in report.problems[1]
    assert everything(registry)["t1"].seed == 7
    assert "t2" in everything(registry)


def test_check_is_quiet_when_all_is_well_and_names_what_is_not(registry: Registry, tmp_path: Path) -> None:
    registry.remove(["only-row"])
    assert check(registry, [tmp_path / "outputs"]) == []
    registry.remove(["t1"])
    assert registry.journal is not None
    registry.journal.add([RunRecord(run_id="i3", name="not yet", path="/nowhere")])
    shutil.rmtree(tmp_path / "outputs" / "t2")
    edits.tag(registry, "t3", ["x"])
    registry.flush()
    stale = read_record(tmp_path / "outputs" / "t3")
    stale.modified_at = utc_now()
    write_record(stale, tmp_path / "outputs" / "t3")
    found = "\n".join(check(registry, [tmp_path / "outputs"]))
    assert "run t1 " in found and "run i3 (/nowhere) is not in the table" in found
    assert "run t2 is in the table alone" in found
    assert "run t3 differs in the table from" in found and found.count("modified_at") == 1
    assert len(found.splitlines()) == 4


def test_a_journal_line_cut_short_spoils_only_itself(registry: Registry) -> None:
    assert registry.folder is not None
    assert registry.journal is not None
    with registry.journal.file.open("a") as file:
        file.write('{"run_id": "i3", "na')
    registry.keep([RunRecord(run_id="i4", name="later")])
    records, problems = registry.journal.read()
    assert set(records) == {"i1", "i2", "i4"}
    assert len(problems) == 1 and "line 3" in problems[0]


def test_purged_runs_do_not_come_back_and_purging_asks_for_deletion_first(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run i1 is not deleted: type `registry\.py delete i1` first"):
        purge(registry, ["i1"])
    for run_id in ("i1", "t1", "t2"):
        edits.delete(registry, run_id)
    purge(registry, ["i1", "t1"], remove_folders=True)
    purge(registry, ["t2"])
    assert not (tmp_path / "outputs" / "t1").exists() and (tmp_path / "outputs" / "t2").exists()
    assert set(everything(registry)) == {"t3", "i2", "only-row"}
    rebuild(registry, [tmp_path / "outputs"])
    assert set(everything(registry)) == {"t2", "t3", "i2", "only-row"}
    assert [row["run_id"] for row in registry.rows(deleted=True)] == ["t2"]


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that another user may enter, as pytest's own are not."""
    place = Path(tempfile.mkdtemp(prefix="registry-"))
    place.chmod(0o755)
    yield place
    for path in place.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(place)


def test_a_read_only_registry_reads_and_refuses_in_one_line(open_place: Path) -> None:
    uri, runs = open_place / "registry", open_place / "outputs"
    Registry(uri).upsert(RunRecord(run_id="a", name="a"))
    runs.mkdir()
    runs.chmod(0o777)
    for path in [uri, *uri.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    answers = CONTEXT.SimpleQueue()
    process = start(use_read_only, uri, runs, answers)
    process.join(120)
    assert process.exitcode == 0
    assert answers.get() == ["a"]
    refusal = answers.get()
    assert "cannot be written" in refusal and "\n" not in refusal
    assert answers.get() == ["a"]
    assert read_record(runs / "run").status == "finished"
    for path in [uri, *uri.rglob("*")]:
        path.chmod(0o755)
    rebuild(Registry(uri), [runs])
    assert set(everything(Registry(uri))) == {"a", "b"}


def test_a_broken_table_in_an_object_store_is_left_to_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry("s3://bucket/runs")
    monkeypatch.setattr(registry, "records", lambda **_: (_ for _ in ()).throw(BrokenRegistry(registry.uri, "gone")))
    with pytest.raises(ValueError, match=r"move runs\.lance there yourself"):
        rebuild(registry, [])


def test_a_backup_put_back_counts_and_a_row_written_meanwhile_stays(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "t1"
    backup = read_record(folder)
    edits.tag(registry, "t1", ["later"])
    edits.tag(registry, "i1", ["later"])
    registry.flush()
    registry.upsert(backup)  # as by one who read the folder before the edit
    registry.upsert(RunRecord(run_id="i1", name="imported", path="/nowhere"))
    assert [run_id for run_id, run in sorted(everything(registry).items()) if run.tags == ["later"]] == ["i1", "t1"]
    write_record(backup, folder)
    assert "run t1 differs in the table" in "\n".join(check(registry, [tmp_path / "outputs"]))
    rebuild(registry, [tmp_path / "outputs"])
    after = everything(registry)
    assert (after["t1"].tags, after["i1"].tags) == ([], ["later"])


def test_a_day_that_is_a_link_to_another_disk_is_found_once_and_no_link_inside_a_run(tmp_path: Path) -> None:
    for place in ("disk/day/a", "strange/b"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "run.json").write_text("{}")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/2026-01-01").symlink_to(tmp_path / "disk/day")
    (tmp_path / "outputs/2026-01-02").symlink_to(tmp_path / "disk/day")
    (tmp_path / "disk/day/round").symlink_to(tmp_path / "outputs")
    (tmp_path / "disk/day/a/elsewhere").symlink_to(tmp_path / "strange")
    assert list(run_folders([tmp_path / "outputs"])) == [tmp_path / "outputs/2026-01-01/a"]
