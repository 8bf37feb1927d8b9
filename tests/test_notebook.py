"""The notebook in examples/ runs from top to bottom, in an empty folder."""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(ROOT / "examples/quickstart.ipynb", as_version=4)
    training = next(cell for cell in notebook.cells if "MAX_TIME =" in cell.source)
    training.source = training.source.replace("00:00:01:00", "00:00:00:05")  # enough to have samples and losses
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    assert any("<table>" in output["data"].get("text/html", "") for output in shown)
    assert sum("image/png" in output["data"] for output in shown) == 3  # two grids of samples and the losses
    assert len(list(tmp_path.glob("outputs/*/*/weights.safetensors"))) == 1
