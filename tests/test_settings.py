"""The settings of a run: resolved once, read-only, and the same wherever the run keeps them."""

import copy
import json
import pickle

import pytest
import torch
from safetensors import safe_open

from diffusionlab.registry.record.run_record import read_record
from diffusionlab.runs.frozen import freeze, plain
from diffusionlab.runs.hardware import best_precision
from diffusionlab.runs.settings import Settings, resolve
from tests.conftest import CONF, SMALL

CHOICES = {"model": "conditional_unet", "data": "garments", "hydra/launcher": "basic"}
MODELS = {path.stem: () for path in sorted((CONF / "model").glob("*.yaml"))} | {
    "autoencoder": ("model.channels=[4,8]", "model.latent_channels=2"),
    "pixel_transformer": ("model.channels=16", "model.depth=1"),
    "clip": ("model.width=8", "model.text_width=8", "model.embed_dim=8"),
    **dict.fromkeys(
        ("latent_unet", "conditional_latent_unet"),
        (
            "codec.autoencoder.trainer.max_epochs=1",
            "codec.autoencoder.model.channels=[4,8]",
            "codec.autoencoder.model.latent_channels=2",
            "model.channels=[8,16]",
        ),
    ),
}
TINY = (*(one for one in SMALL if not one.startswith("model.")), "trainer.max_steps=1", "data.num_train=32")


@pytest.mark.parametrize("model", MODELS)
def test_record_weights_and_checkpoint_carry_the_same_settings(lab, model):
    channels = () if MODELS[model] else ("model.channels=[8,16]",)
    folder = lab.train(f"model={model}", *channels, *MODELS[model], small=TINY)
    with safe_open(folder / "weights.safetensors", framework="pt") as file:
        of_weights = Settings.from_metadata(file.metadata())
    checkpoint = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    of_checkpoint = Settings.from_metadata(checkpoint["diffusionlab"])
    record = read_record(folder)
    assert freeze(record.config) == of_weights.config == of_checkpoint.config
    assert of_weights.choices == of_checkpoint.choices and of_weights.choices["model"] == model
    assert record.config_hash == of_weights.hash
    assert record.config["hardware"]["precision"] == record.config["trainer"]["precision"] != "auto"
    assert "${" not in json.dumps(record.config)


def test_settings_are_read_only_at_every_depth(lab):
    settings = resolve(lab.compose(), CHOICES)
    for change in (
        lambda: setattr(settings, "seed", 1),
        lambda: setattr(settings.data, "batch_size", 1),
        lambda: settings.config.update(seed=1),
        lambda: settings.data.pop("batch_size"),
        lambda: settings.optimizer.betas.append(1),
        lambda: settings.config.__ior__({"seed": 1}),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()
    assert settings == resolve(lab.compose(), CHOICES)
    assert copy.deepcopy(settings) == settings == pickle.loads(pickle.dumps(settings))


def test_settings_survive_a_file(lab):
    settings = resolve(lab.compose("callbacks=figures", "condition.style=ink"), CHOICES)
    again = Settings.from_metadata(json.loads(json.dumps(settings.metadata)))
    assert again == settings and again.hash == settings.hash
    assert json.loads(json.dumps(plain(settings.config))) == plain(settings.config)
    assert "hydra/launcher" not in settings.choices


def test_what_trains_alike_hashes_alike_and_precision_counts(lab):
    def hashed(*overrides):
        return resolve(lab.compose(*overrides), CHOICES).hash

    assert hashed() == hashed("name=other", "tags=[a]", "callbacks.panels=null", "logger=none", "paths.data_dir=b")
    chosen = best_precision("auto")
    assert hashed("hardware.precision=auto") == hashed(f"hardware.precision={chosen}")
    assert hashed("hardware.precision=bf16-mixed") != hashed("hardware.precision=32-true")


def test_a_copy_with_changes_leaves_the_original_alone(lab):
    settings = resolve(lab.compose(), CHOICES)
    short = settings.replaced(trainer={"max_steps": 3}, callbacks=None)
    assert short.trainer == settings.trainer | {"max_steps": 3} and short.callbacks is None
    assert settings.trainer.max_steps == -1 and settings.callbacks


def test_a_moved_run_has_every_path_in_its_new_folder(lab, tmp_path):
    settings = resolve(lab.compose(), CHOICES)
    old, moved = settings.paths.output_dir, settings.moved(tmp_path / "new")
    assert moved.callbacks.checkpoint.dirpath == f"{tmp_path}/new/checkpoints"
    assert old not in json.dumps(moved.config)
    assert moved.moved(old) == settings


@pytest.mark.parametrize("group", ["callbacks.sample_grid", "logger.csv"])
def test_a_part_set_to_null_is_left_out(lab, group):
    settings = resolve(lab.compose(f"{group}=null", small=()), CHOICES)
    parent, _, name = group.partition(".")
    assert name not in settings.config[parent]
    made = settings.make(parent)
    assert None not in made.values()
