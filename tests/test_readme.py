"""Every command of the README runs: here, shrunk by overrides, or by .ci/run as it stands."""

import re
import shlex
import shutil
from functools import partial
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from tests.conftest import CONF, ROOT, Lab
from tests.miniatures import write_all
from tests.visualization.test_visualize import FAST

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines() if line
]
SHRINK = (
    "data.batch_size=4",
    "data.num_val=4",
    "trainer.max_epochs=2",
    "trainer.limit_train_batches=1",
    "trainer.limit_val_batches=1",
    "trainer.enable_progress_bar=false",
    "sampler.num_steps=2",
    "callbacks.sample_grid.num_samples=2",
    "~callbacks.progress_bar",
)


def commands(start: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(start)]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    write_all(tmp_path / "data")
    return tmp_path / "data"


def test_each_command_has_a_place_where_it_runs():
    scripts = ("train", "sample", "evaluate", "visualize", "search", "registry")
    here = [command for script in scripts for command in commands(f"python {script}.py")]
    ci = (ROOT / ".ci/run").read_text()
    lines = [line.split("#")[-1].removeprefix(" README: ").strip() for line in ci.splitlines()]
    for command in COMMANDS:
        assert command in here or any(line.startswith(command) for line in lines), command


@pytest.mark.parametrize("command", [command for command in commands("python train.py") if " -m " not in command])
def test_train_commands(lab: Lab, command: str, data_dir: Path):
    overrides = shlex.split(command.replace("data.folder=photos", f"data.folder={data_dir}/images"))[2:]
    if "ckpt_path=last" in overrides:
        lab.train("trainer.max_epochs=1", f"paths.data_dir={data_dir}", small=SHRINK)
    lab.train(*SHRINK, f"paths.data_dir={data_dir}", small=overrides)
    if "check=true" not in overrides:
        assert lab.record().status == "finished" and lab.record().epochs == 2


@pytest.mark.usefixtures("registry_of_its_own")
def test_commands_on_runs_that_are_there(lab: Lab, data_dir: Path, tmp_path: Path, monkeypatch, capsys):
    from diffusionlab.commands.evaluate import evaluate
    from diffusionlab.commands.sample import sample
    from diffusionlab.commands.visualize import visualize
    from diffusionlab.registry.manage import cli as registry
    from diffusionlab.scripts.registry import MORE
    from diffusionlab.search.show import cli as search
    from diffusionlab.visualization.catalogue import as_override

    monkeypatch.chdir(tmp_path)
    folder = lab.train(*SHRINK, f"paths.data_dir={data_dir}", small=())
    lab.train(*SHRINK, f"paths.data_dir={data_dir}", "model=clip", small=(), name="20260101-120000-aaaaaa")
    for command in commands("python sample.py"):
        cfg = composed("sample", *shlex.split(command)[2:], "sampler.num_steps=2", "num_samples=4")
        assert (sample(cfg) / "grid.png").is_file()
    for command in commands("python evaluate.py"):
        evaluate(composed("evaluate", *shlex.split(command)[2:], "num_samples=20", "sampler.num_steps=2"))
        assert list(folder.glob("evaluations/*.json"))
    for command in commands("python visualize.py"):
        what, *options = shlex.split(command)[2:]
        assert visualize(composed("visualize", as_override(what), *options, *FAST))
    shutil.copytree(ROOT / "examples/old_scripts", tmp_path / "examples/old_scripts")
    mains = {
        "python search.py": search.main,
        "python registry.py": partial(registry.main, more=MORE),
    }
    for command in COMMANDS:  # in order: some ask about what others brought in
        for start, main in mains.items():
            if command.startswith(start):
                assert main(shlex.split(command)[2:]) == 0, command
    assert list((tmp_path / "outputs/scripts").glob("*.html"))
    assert "garments_conditional_unet" in capsys.readouterr().out


def composed(name: str, *overrides: str) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(name, list(overrides))
