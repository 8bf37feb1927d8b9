"""Every option of every group composes and instantiates; what cannot be is refused in one line."""

import subprocess
import sys

import pytest
import pytorch_lightning as pl
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from diffusionlab.errors import UsageError
from diffusionlab.runs.build import build
from diffusionlab.runs.explain import explain, user_errors
from diffusionlab.runs.settings import resolve
from tests.conftest import CONF, ROOT, SMALL

GROUPS = [
    "schedule",
    "parameterization",
    "sampler",
    "optimizer",
    "lr_schedule",
    "ema",
    "callbacks",
    "logger",
    "model",
    "clip",
]
CHOICES = {"model": "conditional_unet", "data": "garments"}
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_instantiates(lab, group, option, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    small = () if group == "callbacks" or option in ("clip", "pixel_transformer") else SMALL
    cfg = lab.compose(f"{group}={option}", small=small)
    part = instantiate(cfg[group])
    assert part is not None
    if group == "logger":
        assert all(isinstance(logger, pl.loggers.Logger) for logger in part.values())


@pytest.mark.parametrize("path", sorted((CONF / "hardware").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_hardware_composes_a_trainer(lab, path):
    cfg = lab.compose(f"hardware={path.stem}")
    assert cfg.trainer.accelerator == cfg.hardware.accelerator
    if path.stem in ("auto", "cpu"):
        assert build(resolve(cfg, CHOICES), lab.root, lambda: None).trainer.num_devices == 1
    else:  # elsewhere the refusal is one line that names the way out
        with pytest.raises(UsageError, match="hardware=auto"), user_errors():
            cfg = lab.compose(f"hardware={path.stem}", "hardware.accelerator=gpu")
            build(resolve(cfg, CHOICES), lab.root, lambda: None)


@pytest.mark.parametrize("group", ["experiment", "debug"])
def test_every_recipe_and_debug_setting_builds_with_its_own_values(lab, group):
    for path in sorted((CONF / group).glob("*.yaml")):
        cfg = lab.compose(f"{group}={path.stem}", small=())
        assert path.read_text().startswith("# @package _global_\n# "), f"{path}: its second line says what it is for"
        for part in (cfg.model, cfg.schedule, cfg.parameterization, cfg.sampler, cfg.loss, cfg.optimizer):
            instantiate(part)


@pytest.mark.parametrize("path", sorted((CONF / "sweep").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sweep_names_settings_that_exist(lab, path):
    lab.compose(small=())
    with initialize_config_dir(str(CONF), version_base="1.3"):
        params = compose("train", [f"sweep={path.stem}"], return_hydra_config=True).hydra.sweeper.params
    for key, values in params.items():
        for value in str(values).split(","):
            lab.compose(f"{key}={value}", small=())


def test_no_option_is_stated_twice():
    """Facts of the data flow into the model by interpolation."""
    for path in (CONF / "model").glob("*.yaml"):
        for line in path.read_text().splitlines():
            if line.startswith(("in_channels", "image_size")):
                assert "${" in line, f"{path}: {line}"


REFUSED = [
    (["trainer.max_epoch=3"], "there is no option trainer.max_epoch; did you mean trainer.max_epochs?"),
    (["optimzer.lr=1"], "did you mean optimizer.lr?"),
    (["model=conditional_unett"], "unknown option model=conditional_unett; did you mean conditional_unet? model takes"),
    (["experiment=notebok_basic"], "did you mean notebook_basic?"),
    (["trainer.max_epochs=many"], "trainer.max_epochs: 'many' is not a whole number or null"),
    (["trainer.inference_mode=3"], "trainer.inference_mode: 3 is not true or false"),
    (["trainer.logger=true"], "there is no option trainer.logger"),
    (["modle=simple_unet"], "did you mean model?"),
    (["trainer.max_epochs=[1"], "cannot be read"),
    (["+model.chanels=[8]"], "model has no option chanels; did you mean channels?"),
    (["loss.weighting=minsnr"], "choose from uniform, min_snr, edm"),
    (["parameterization=epsilon", "schedule.zero_terminal_snr=true"], "type parameterization=v"),
    (["sampler.num_steps=2000"], "use 1 to 1000"),
    (["data.image_size=29"], "data.image_size="),
    (["data.batch_size=1000"], "data.batch_size="),
    (["hardware=gpu"], "hardware=auto"),
    (["hardware.precision=bf17"], "bf17"),
    (["ema_decay=1.5"], "ema_decay=1.5"),
    (["sampler.num_steps=many"], "sampler.num_steps=many"),
    (["sampler.eta=9"], "sampler.eta=9"),
    (["optimizer.lr=-1"], "Invalid learning rate"),
    (["model.num_classes=5"], "model.num_classes=5"),
    (["callbacks.sample_grid.every_n_epochs=0"], "every_n_epochs=0"),
    (["schedule=edm", "schedule.rho=-1"], "schedule.rho=-1"),
    (["lr_warmup_steps=-5"], "lr_warmup_steps=-5"),
    (["model=simple_unet", "model.num_heads=2"], "pixel_transformer has it"),
    (["sampler=heun", "sampler.eta=0.5"], "sampler=ddim|ddpm has it"),
    (["trainer.gradient_clip_val=-1"], "trainer.gradient_clip_val=-1: above 0"),
    (["trainer.accumulate_grad_batches=0"], "at least 1"),
    (["hardware.precision=bf16-true"], "type hardware.precision=bf16-mixed"),
    (["hardware.precision=16-true"], "type hardware.precision=16-mixed"),
    (["+callbacks.checkpoint.save_last=true"], "last.ckpt is written anyway"),
    (["notes=" + "a" * 20_000], "notes has 20,000 characters, at most 10,000"),
    (["data.folder=photos"], "data=image_folder has it"),
    (["logger=null"], "'~logger' leaves it out, or type one of csv"),
    (["model=null"], "model=null: type one of attention_unet"),
    (["model=5"], "model=5: type one of attention_unet"),
    (["loss.times=foo"], "loss.times=foo: type its options, such as loss.times.kind=schedule"),
    (["loss.times=null"], "loss.times=null: type its options"),
    (["~optimizer"], "type optimizer=OPTION"),
    (["~sampler"], "type sampler=OPTION"),
    (["~model", "+model={_target_:torch.nn.Identity}"], "is no Network"),
    (["data._target_=pytorch_lightning.LightningDataModule"], "is no ImageDataModule"),
    (["+callbacks.x={monitor:val/loss}"], "callbacks.x says no class"),
    (["+callbacks.x={_target_:torch.nn.Identity}"], "callbacks.x is a Identity"),
    (
        ["+callbacks.x={_target_:pytorch_lightning.callbacks.EarlyStopping,monitor:val/x}"],
        "set its monitor to val/loss",
    ),
    (["+callbacks.x={_target_:pytorch_lightning.callbacks.ModelCheckpoint,monitor:val/x}"], "monitors val/x, which"),
    (["trainer.val_check_interval=1000"], "an epoch has 2 batches"),
    (["trainer.max_epochs=0"], "trains nothing"),
    (["optimizer.lr=abc"], "optimizer.lr=abc: a number"),
    (["data.horizontal_flip=no"], "data.horizontal_flip=no: true or false"),
    (["model.channels=8"], "model.channels=8: a list"),
    (["model=conditional_latent_unet", "optimizer.lr=abc"], "optimizer.lr=abc: a number"),
    (["optimizer._target_=torch.optim.RMSprop"], "RMSprop has no option betas: type '~optimizer.betas'"),
    (["lr=1e-3"], "did you mean optimizer.lr?"),
    (["epochs=3"], "did you mean trainer.max_epochs?"),
    (["steps=300"], "did you mean trainer.max_steps"),
    (["optimizer.lr=1e-3,1e-4"], "add -m for a run of each"),
    (["notes='it''s'"], "write \\' for a quote"),
]


@pytest.mark.parametrize(("overrides", "words"), REFUSED, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_bad_input_is_one_line_that_says_what_to_type(lab, overrides, words, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", *overrides])  # Hydra does not say which group is null
    gone = tuple(f"{word[1:]}." for word in overrides if word.startswith("~"))
    with pytest.raises(Exception) as caught:
        lab.train(*overrides, small=[word for word in SMALL if not gone or not word.startswith(gone)])
    line = str(caught.value) if isinstance(caught.value, UsageError) else explain(caught.value)
    assert line is not None and words in line and "\n" not in line and len(line) < 400, line


def test_a_conditional_model_on_data_without_classes_says_so(lab):
    with pytest.raises(UsageError, match="model=attention_unet"):
        lab.train("data.num_classes=null")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["train.py", "trainer.max_epoch=3"], "there is no option trainer.max_epoch; did you mean trainer.max_epochs?"),
        (["train.py", "data.image_size=29", "check=true"], "data.image_size="),  # met only in the job
        (["sample.py", "run=nothing"], "registry"),
    ],
)
def test_bad_input_ends_a_script_with_one_line_and_code_two(arguments, line, script_environment):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=script_environment(), capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.startswith("error: ") and line in done.stderr and done.stderr.count("\n") == 1


def test_a_batch_job_of_several_tasks_without_srun_is_told_how_to_start(lab, monkeypatch):
    monkeypatch.setenv("SLURM_NTASKS", "4")
    with pytest.raises(UsageError, match="srun"):
        lab.train()


@pytest.mark.parametrize("arguments", [["--cfg", "job"], ["--info", "defaults"], ["-sc", "query=bash"]])
@pytest.mark.parametrize("script", ["train.py", "sample.py", "visualize.py"])
def test_looking_imports_neither_torch_nor_lightning(script, arguments, script_environment):
    environment = script_environment(COMP_LINE=f"python {script} sam", COMP_POINT="60")
    command = [sys.executable, "-X", "importtime", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "hydra" in imported and not imported & {"torch", "pytorch_lightning", "lancedb", "pandas", "numpy"}
    assert done.stdout.strip()
