"""Where runs live, and that nothing of the user's is ever removed."""

import pytest

from diffusionlab.runs.folder import discard_unless_recorded


@pytest.mark.parametrize("extra", ["run.json", "thesis.tex", "samples/one.png"])
def test_a_folder_with_anything_of_value_stays_whole(tmp_path, extra):
    folder = tmp_path / "day/mine"
    for name in (".hydra/config.yaml", "train.log", extra):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    discard_unless_recorded(folder)
    assert all((folder / name).is_file() for name in (".hydra/config.yaml", "train.log", extra))


def test_what_hydra_alone_has_made_goes(tmp_path):
    folder = tmp_path / "day/job"
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra/config.yaml").write_text("x")
    (folder / "train.log").touch()
    discard_unless_recorded(folder)
    assert tmp_path.is_dir() and not (tmp_path / "day").exists()
    discard_unless_recorded(folder)  # and a second time does no harm
