"""Where commands write what they make of a run."""

import os

import pytest

from diffusionlab.commands.place import output_folder
from diffusionlab.errors import StorageError, UsageError


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/samples").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="leads out of"):
        output_folder(None, tmp_path / "run", "samples/sampled_000")
    assert not (tmp_path / "elsewhere").exists()
    assert output_folder(None, tmp_path / "run", "pictures") == tmp_path / "run/pictures"
    assert output_folder(tmp_path / "deep/own", tmp_path / "run", "pictures").is_dir()


def test_a_run_of_somebody_else_is_refused_with_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(StorageError, match="Permission denied; type output_dir=FOLDER"):
        output_folder(None, tmp_path, "samples")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"output_dir=.*cannot be made"):
        output_folder(tmp_path / "file/deeper", tmp_path, "samples")
