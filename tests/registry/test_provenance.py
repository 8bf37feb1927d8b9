"""Where a run comes from, in real repositories."""

import subprocess
from pathlib import Path

import pytest

from diffusionlab.registry.record.canonical import hardware_kind
from diffusionlab.registry.record.provenance import package_versions, processor_name, provenance, save_uncommitted
from diffusionlab.registry.record.run_record import RunRecord


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "code.py").write_text("a = 1\n")
    git("add", "code.py")
    git("commit", "-m", "first")
    return tmp_path


def test_a_clean_tree(repository: Path) -> None:
    facts = provenance(repository)
    head = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert (facts["git_commit"], facts["git_dirty"]) == (head.strip(), False)
    assert save_uncommitted(repository, repository) is None
    assert RunRecord(run_id="a", name="a", **facts).packages["diffusionlab"]


def test_a_changed_tree_keeps_its_difference(repository: Path) -> None:
    (repository / "code.py").write_text("a = 2\n")
    assert provenance(repository)["git_dirty"] is True
    file = save_uncommitted(repository, repository)
    assert file is not None and "+a = 2" in file.read_text()


def test_outside_a_repository_nothing_is_claimed(tmp_path: Path) -> None:
    facts = provenance(tmp_path)
    assert (facts["git_commit"], facts["git_dirty"]) == (None, None)
    assert save_uncommitted(tmp_path, tmp_path) is None


def test_versions_and_machine() -> None:
    versions = package_versions(("pyarrow", "no-such-package"))
    assert set(versions) == {"python", "pyarrow"}
    assert hardware_kind(processor_name()) == "cpu"
