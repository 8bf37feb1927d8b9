"""Every command of the README runs: here, shrunk by overrides, or by .ci/run as it stands."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from diffusionlab.commands.evaluate import evaluate
from diffusionlab.commands.sample import sample
from diffusionlab.commands.visualize import visualize
from diffusionlab.registry.manage.cli import main as registry
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.scripts.registry import MORE
from diffusionlab.search.show.cli import main as search
from diffusionlab.visualization.catalogue import as_override
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
    "trainer.limit_train_batches=1",
    "trainer.limit_val_batches=1",
    "trainer.enable_progress_bar=false",
    "sampler.num_steps=2",
    "callbacks.sample_grid.num_samples=2",
    "~callbacks.progress_bar",
)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    write_all(tmp_path / "data")
    return tmp_path / "data"


def test_each_command_has_a_place_where_it_runs():
    scripts = ("train", "sample", "evaluate", "visualize", "search", "registry")
    here = [command for command in COMMANDS if re.match(rf"python ({'|'.join(scripts)})\.py", command)]
    ci = (ROOT / ".ci/run").read_text()
    lines = [line.split("#")[-1].removeprefix(" README: ").strip() for line in ci.splitlines()]
    for command in COMMANDS:
        assert command in here or any(line.startswith(command) for line in lines), command


@pytest.mark.slow
@pytest.mark.usefixtures("registry_of_its_own")
def test_the_blocks_run_in_order_as_one_session(lab: Lab, data_dir: Path, tmp_path: Path, monkeypatch, capsys):
    """Each command meets what the ones before it left: `latest` is what a reader of the README would have there."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples/old_scripts", tmp_path / "examples/old_scripts")
    session = Session(lab, data_dir)
    for language, block in re.findall(r"```(bash|python)\n(.*?)```", README, re.DOTALL):
        if language == "python":
            exec(compile(block, "README.md", "exec"), {})
        else:
            for command in filter(None, block.splitlines()):
                session.type(command)
    assert session.typed == [command for command in COMMANDS if command.startswith("python ") and " -m " not in command]
    assert list((tmp_path / "outputs/scripts").glob("*.html"))
    assert "garments_conditional_unet" in capsys.readouterr().out


class Session:
    """Types commands one after the other, in this process and shrunk."""

    def __init__(self, lab: Lab, data_dir: Path) -> None:
        self.lab, self.data_dir = lab, data_dir
        self.typed: list[str] = []
        self.trained = 0

    def type(self, command: str) -> None:
        """Commands of the shell and sweeps are left to .ci/run."""
        start, script, *words = shlex.split(
            command.replace("data.folder=photos", f"data.folder={self.data_dir}/images")
        )
        if start == "python" and "-m" not in words:
            getattr(self, script.removesuffix(".py"))(words)
            self.typed.append(command)

    def train(self, words: list[str]) -> None:
        self.trained += "ckpt_path=last" not in words
        name = f"20260101-1200{self.trained:02d}-aaaaaa"
        epochs = [] if any(word.startswith("trainer.max_epochs=") for word in words) else ["trainer.max_epochs=2"]
        folder = self.lab.train(*SHRINK, *epochs, f"paths.data_dir={self.data_dir}", small=words, name=name)
        assert "check=true" in words or read_record(folder).status == "finished"

    def sample(self, words: list[str]) -> None:
        assert (sample(composed("sample", *words, "sampler.num_steps=2", "num_samples=4")) / "grid.png").is_file()

    def evaluate(self, words: list[str]) -> None:
        assert evaluate(composed("evaluate", *words, "num_samples=20", "sampler.num_steps=2")).metrics

    def visualize(self, words: list[str]) -> None:
        assert visualize(composed("visualize", as_override(words[0]), *words[1:], *FAST))

    def search(self, words: list[str]) -> None:
        assert search(words) == 0, words

    def registry(self, words: list[str]) -> None:
        assert registry(words, more=MORE) == 0, words


def composed(name: str, *overrides: str) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(name, list(overrides))
