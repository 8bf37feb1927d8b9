"""The wheel in an empty environment and an empty folder: the package works without its repository."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import CONF, ROOT, SMALL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, and the dependencies of this one behind it."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([folder / "venv/bin/pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    # a path in a .pth file is searched last, and its own .pth files (this checkout's among them) are not read
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "venv/bin"


def run(environment: Path, folder: Path, *command: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "DIFFUSIONLAB_REGISTRY")}
    program = [environment / command[0], *command[1:]]
    done = subprocess.run(program, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_train_sample_and_search_in_an_empty_folder(environment: Path, tmp_path: Path):
    where = run(environment, tmp_path, "python", "-c", "import diffusionlab; print(diffusionlab.__file__)")
    assert where.startswith(str(environment.parent))
    printed = run(environment, tmp_path, "diffusionlab", "train", *SMALL, "trainer.max_steps=2")
    assert "diffusionlab sample run=" in printed and ".py" not in printed
    run(environment, tmp_path, "diffusionlab", "sample", "run=latest", "num_samples=4", "sampler.num_steps=2")
    assert list(tmp_path.glob("outputs/*/*/samples/sampled_000/grid.png"))
    answer = json.loads(
        run(environment, tmp_path, "diffusionlab", "search", "conditional models on garments", "--json")
    )
    assert answer["total"] == 1
    assert (tmp_path / "registry").is_dir()


def test_the_wheel_has_every_option(environment: Path):
    (installed,) = environment.parent.glob("lib/python*/site-packages/diffusionlab")
    shipped = {file.relative_to(installed / "conf") for file in (installed / "conf").rglob("*.yaml")}
    assert shipped == {file.relative_to(CONF) for file in CONF.rglob("*.yaml")}
    assert (installed / "py.typed").is_file()
