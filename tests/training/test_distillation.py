"""A finished run becomes a sampler of few steps."""

import json
import re

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from safetensors.torch import load_file

from diffusionlab.commands.evaluate import evaluate
from diffusionlab.diffusion import DDIM, Consistency
from diffusionlab.errors import UsageError
from diffusionlab.evaluation import classifier
from diffusionlab.runs.build import build
from diffusionlab.runs.run import load_run
from diffusionlab.runs.schemas import register
from diffusionlab.runs.settings import option, resolve
from tests.conftest import CONF, SMALL, Lab

STUDENT = (
    *(one for one in SMALL if not one.startswith(("model.", "data.num"))),
    *("experiment=distill", "trainer.max_steps=2", "data.batch_size=16", "lr_warmup_steps=0"),
)
TEACHER = (
    "schedule=flow",
    "parameterization=flow",
    "optimizer.lr=1e-2",
    "lr_warmup_steps=0",
    "ema_decay=0",
    "name=teacher",
)


@pytest.fixture(scope="module")
def lab_of_both(tmp_path_factory) -> Lab:
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("distil")
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        lab = Lab(root)
        lab.train(*TEACHER, name="teacher")
        lab.train("teacher=latest", name="student", small=STUDENT)
    return lab


@pytest.fixture
def both(lab_of_both, monkeypatch) -> Lab:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(lab_of_both.root / "registry"))
    return lab_of_both


def folder(lab, name):
    return lab.root / "outputs/2026-01-01" / name


def built(lab, *overrides, small=STUDENT):
    cfg = lab.compose(*overrides, name="next", small=small)
    from hydra.core.hydra_config import HydraConfig

    return build(resolve(cfg, HydraConfig.get().runtime.choices), lab.root / "next", beat=lambda: None)


def test_the_student_takes_over_what_it_cannot_choose_and_starts_as_its_teacher(both):
    teacher = both.record("teacher")
    experiment = built(both, f"teacher={teacher.run_id}")
    saved = load_file(folder(both, "teacher") / "weights.safetensors")
    own, taught = experiment.module.network.state_dict(), experiment.module.teacher.network.state_dict()
    assert own.keys() == saved.keys() == taught.keys()
    assert all(torch.equal(own[name], saved[name]) and torch.equal(taught[name], saved[name]) for name in saved)
    assert len(experiment.datamodule.train) == 32 and experiment.datamodule.batch_size == 16


def test_the_student_is_recorded_with_its_teacher(both):
    teacher, student = both.record("teacher"), both.record("student")
    assert student.parent_run == student.config["teacher"] == teacher.run_id
    assert (student.schedule, student.parameterization, student.sampler) == ("flow", "flow", "consistency")
    assert student.num_parameters == teacher.num_parameters


def test_training_changes_the_student_alone_and_no_checkpoint_holds_the_teacher(both):
    before, after = (load_file(folder(both, name) / "weights.safetensors") for name in ("teacher", "student"))
    assert before.keys() == after.keys()
    assert any(not torch.equal(before[name], after[name]) for name in before)
    checkpoint = torch.load(folder(both, "student") / "checkpoints/last.ckpt", weights_only=True)
    assert not [name for name in checkpoint["state_dict"] if "teacher" in name]


def test_a_distilled_run_samples_with_its_own_sampler_and_without_guidance(both):
    run = load_run(folder(both, "student"))
    assert run.sampler() == Consistency(num_steps=2) and run.sampler("ddim") == DDIM(num_steps=50)
    composed = option("sampler", "ddim")
    assert run.sampler(run.sampler_settings(composed)) == Consistency(num_steps=2)
    assert run.sampler(run.sampler_settings(composed | {"num_steps": 4})) == Consistency(num_steps=4)
    assert str(run.sampler("heun", 3)).startswith("Heun") and run.guidance().scale == 1
    assert run.sample(3).shape == (3, 1, 28, 28)
    with pytest.raises(UsageError, match="guidance"):
        run.guidance(2.0)


def test_a_student_that_was_interrupted_goes_on_to_the_same_weights(both):
    whole = both.train("teacher=teacher", "trainer.max_steps=4", name="whole", small=STUDENT)
    both.train("teacher=teacher", "trainer.max_steps=2", name="parts", small=STUDENT)
    parts = both.train("teacher=teacher", "trainer.max_steps=4", "ckpt_path=last", name="parts", small=STUDENT)
    one, other = (load_file(each / "weights.safetensors") for each in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_cannot_be_distilled_is_refused(both):
    with pytest.raises(UsageError, match="experiment=distill"):
        built(both, "teacher=teacher", small=SMALL)
    with pytest.raises(UsageError, match="teacher=RUN"):
        built(both)
    with pytest.raises(UsageError, match="nobody"):
        built(both, "teacher=nobody")
    with pytest.raises(UsageError, match="schedule=cosine: a student has the schedule of its teacher"):
        built(both, "teacher=teacher", "schedule=cosine")


def test_a_run_that_is_no_longer_there_teaches_nobody_and_starts_nothing(both):
    gone = both.train(*TEACHER, "name=moved", name="moved")
    gone.rename(both.root / "elsewhere")
    with pytest.raises(UsageError, match=r"type teacher=FOLDER"):
        built(both, f"teacher={gone.name}")
    with pytest.raises(UsageError, match=r"type init_from=FOLDER"):
        built(both, f"init_from={gone.name}", small=SMALL)
    assert built(both, f"teacher={both.root / 'elsewhere'}").module.teacher is not None


def test_the_table_by_calls_has_student_beside_teacher(both, monkeypatch, capsys):
    monkeypatch.setattr(classifier, "MIN_STEPS", 40)
    register()
    GlobalHydra.instance().clear()
    own = ("num_samples=40", f"cache_dir={both.root / 'cache'}", "guidance_scale=1", "calls=[1,2]")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("evaluate", [f"run={folder(both, 'student')}", *own, f"beside={folder(both, 'teacher')}"])
    whole = evaluate(cfg)
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("Fréchet distance of 40 samples"))
    (_, student, teacher), one, two = (re.split(r"\s{2,}", line) for line in lines[start + 1 : start + 4])
    assert student.startswith("distilled (") and teacher.startswith("teacher (")
    assert (one[0], two[0]) == ("1", "2") and float(two[1]) == pytest.approx(whole.metrics["fid"], rel=1e-3)
    assert float(one[1]) != float(one[2]), "one call of the student is not one of the teacher"


def test_the_metadata_of_the_student_say_what_it_is(both):
    path = folder(both, "student") / "run.json"
    config = json.loads(path.read_text())["config"]
    assert config["loss"]["_target_"].endswith("TrajectoryLoss") and config["data"]["num_train"] == 48
