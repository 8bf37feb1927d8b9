"""Every recipe of CONTRIBUTING.md: its patch applies to a copy of the tree, and its commands then run there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
RECIPES = {
    title: section
    for title, section in re.findall(r"^### (an? .+?)\n(.*?)(?=^### |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
}
PLACES = dict(re.findall(r"^\| (an? .+?) \| .+? \| (\d+) \|$", TEXT, flags=re.MULTILINE))
SHRINK = {
    "train": "trainer.max_steps=2 trainer.limit_val_batches=1 data.batch_size=16 data.num_val=20 sampler.num_steps=1 "
    "callbacks=quiet callbacks.sample_grid.num_samples=2",
    "sample": "num_samples=2 sampler.num_steps=1",
    "evaluate": "sampler.num_steps=1",
}
RUN_ALL = """
import runpy, shlex, sys
for command in sys.stdin.read().splitlines():
    sys.argv = shlex.split(command)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
"""


def patches(recipe: str) -> dict[str, list[str]]:
    """File -> the lines of its patch."""
    (diff,) = re.findall(r"```diff\n(.*?)```", recipe, flags=re.DOTALL)
    parts = re.split(r"^--- .+\n\+\+\+ b/(.+)\n@@\n", diff, flags=re.MULTILINE)
    return {file: lines.splitlines() for file, lines in zip(parts[1::2], parts[2::2], strict=True)}


def apply(root: Path, file: str, lines: list[str]) -> None:
    """What a hunk takes away stands in the file just once; a new file has nothing to take away."""
    before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] in signs) for signs in ("- ", "+ "))
    path = root / file
    text = path.read_text() if path.exists() else ""
    assert text.count(before) == 1 if before else not text, f"{file} has other lines: {before}"
    path.write_text(text.replace(before, after) if before else after)


def test_the_table_says_how_many_files_each_recipe_touches():
    for title, recipe in RECIPES.items():
        of_the_project = [file for file in patches(recipe) if "/" in file]
        assert len(of_the_project) == int(PLACES[title]) <= 2, title
    assert PLACES.keys() == RECIPES.keys()


@pytest.mark.parametrize("title", RECIPES)
def test_the_recipe_works(title: str, tmp_path: Path, script_environment):
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for script in ROOT.glob("*.py"):
        shutil.copy(script, tmp_path)
    for file, lines in patches(RECIPES[title]).items():
        apply(tmp_path, file, lines)
    (block,) = re.findall(r"```bash\n(.*?)```", RECIPES[title], flags=re.DOTALL)
    commands = [
        f"{line.removeprefix('python ')} {SHRINK.get(line[7:].partition('.')[0], '')}" for line in block.splitlines()
    ]
    if "data=" not in block:
        commands = [f"{line} data.num_train=200 data.num_test=60" if "train.py" in line else line for line in commands]
    # commands about runs that are there find one
    if not any("train.py" in command for command in commands):
        commands.insert(0, f"train.py {SHRINK['train']} data.num_train=60")
    environment = script_environment(PYTHONPATH=str(tmp_path / "src"), OMP_NUM_THREADS="1")
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        input="\n".join(commands),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    if "search.py" in block and title != "a search word":
        assert "none" not in done.stdout.rpartition("find it")[2].lower().split(), done.stdout
    assert os.listdir(tmp_path / "outputs")
