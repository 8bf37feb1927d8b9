"""A run folder and a registry that may only be read: seen, sampled from elsewhere, trained beside, entered later."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from diffusionlab.registry.manage.check import check
from diffusionlab.registry.manage.recorder import RunRecorder
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry
from tests.conftest import ROOT, SMALL, Lab

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def without_privileges(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as one to whom permissions apply; root keeps its files but loses the power to pass them over."""
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.getuid() == 0 else []
    call = [*drop, sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(call, cwd=cwd, capture_output=True, text=True)


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root, and no setpriv")
def test_what_may_only_be_read_is_read_and_what_waited_is_entered(lab: Lab, tmp_path: Path) -> None:
    folder = lab.train("name=kept")
    places = [tmp_path / "registry", tmp_path / "outputs"]
    modes = {path: path.stat().st_mode for place in places for path in [place, *place.rglob("*")]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        asked = without_privileges("sample.py", f"run={folder}", "num_samples=10", cwd=tmp_path)
        assert asked.returncode == 2 and "output_dir=" in asked.stderr and asked.stderr.count("\n") == 1
        drawn = without_privileges("sample.py", f"run={folder}", "num_samples=10", "output_dir=drawn", cwd=tmp_path)
        assert drawn.returncode == 0, drawn.stderr
        assert (tmp_path / "drawn" / "grid.png").exists()
        found = without_privileges("search.py", "runs", "--json", cwd=tmp_path)
        assert found.returncode == 0 and "kept" in found.stdout
        checked = without_privileges("registry.py", "check", cwd=tmp_path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        trained = without_privileges("train.py", "name=beside", "paths.runs_dir=other", *SMALL, cwd=tmp_path)
        assert trained.returncode == 0 and "Traceback" not in trained.stderr, trained.stderr
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    registry = Registry(tmp_path / "registry")
    assert [record.name for record in registry.records()] == ["kept"]
    (beside,) = (tmp_path / "other").glob("*/*/run.json")
    RunRecorder(registry.uri, beside.parent.with_name("next"), RunRecord(run_id="next", name="next")).start()
    assert sorted(record.name for record in registry.records()) == ["beside", "kept", "next"]
    assert check(registry, [tmp_path / "outputs", tmp_path / "other"]) == []
