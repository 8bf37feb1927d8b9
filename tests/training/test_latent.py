"""One command trains an autoencoder and the diffusion in its latent; the next one finds the autoencoder."""

import signal

import pytest
import torch
from hydra.utils import instantiate

from diffusionlab.errors import TrainingInterrupted, UsageError
from diffusionlab.models.facets import describe
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import read_record
from diffusionlab.runs.checkpoint import load_autoencoder, load_model
from diffusionlab.runs.first_stage import find_autoencoder
from diffusionlab.runs.settings import resolve
from diffusionlab.tensors import to_float
from tests.conftest import SMALL
from tests.training.test_resume import assert_identical, content

AUTOENCODER = ("model=autoencoder", "model.channels=[8,8]")
STAGE = ("codec.autoencoder.model.channels=[8,8]", "codec.autoencoder.trainer.max_epochs=1")
LATENT = ("model=conditional_latent_unet", *STAGE)


def autoencoders(lab):
    """The records of all autoencoder runs, oldest first."""
    records = [read_record(file.parent) for file in sorted((lab.root / "outputs").glob("*/*/run.json"))]
    return [record for record in records if record.architecture == "Autoencoder"]


def test_an_autoencoder_alone_reports_its_psnr_on_the_test_split(lab):
    folder = lab.train(*AUTOENCODER)
    record = lab.record()
    assert (folder / "samples/latest.png").is_file()
    assert {"autoencoder", "vae", "cnn"} <= set(record.arch_tags) and "unet" not in record.arch_tags
    assert record.schedule is None and record.sampler is None

    data = instantiate(lab.compose(*AUTOENCODER).data)
    data.setup()
    images = to_float(data.test.images)
    reconstruction = load_autoencoder(folder).eval()(images).detach()
    mse = (reconstruction.clamp(-1, 1) - images).square().mean()
    assert record.metrics["psnr"] == pytest.approx(float(10 * torch.log10(4 / mse)), abs=1e-3)


def test_one_command_trains_both_and_links_them(lab, registry_of_its_own, capsys):
    folder = lab.train(*LATENT)
    record, (autoencoder,) = lab.record(), autoencoders(lab)
    said = capsys.readouterr().out
    assert said.count(f"run      {autoencoder.run_id}") == said.count(f"run      {record.run_id}") == 1
    assert said.count("find it") == said.count("report   ") == 1
    assert record.parent_run == autoencoder.run_id == find_run(str(registry_of_its_own), autoencoder.run_id).run_id
    assert {"latent", "autoencoder", "unet", "conditional", "cfg"} <= set(record.arch_tags)
    assert autoencoder.status == "finished" and autoencoder.metrics["psnr"] is not None
    assert record.data_hash == autoencoder.data_hash and record.created_at > autoencoder.created_at
    assert find_run(str(registry_of_its_own), "latest").run_id == record.run_id

    model = load_model(folder, "cpu")  # the weights file alone, the autoencoder inside it
    assert model.x0_shape == (4, 14, 14)
    trained = load_autoencoder(folder.parents[1] / autoencoder.path.rpartition("outputs/")[2]).state_dict()
    for name, tensor in model.codec.autoencoder.state_dict().items():
        assert torch.equal(tensor, trained[name])


def test_the_latents_of_the_training_images_have_unit_variance_in_every_channel(lab):
    codec = load_model(lab.train(*LATENT), "cpu").codec
    data = instantiate(lab.compose(*LATENT).data)
    data.setup()
    images = to_float(data.train.images)
    variance, mean = torch.var_mean(codec.encode(images), dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(variance, torch.ones(4), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(mean, torch.zeros(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(codec.decode(codec.encode(images)), codec.autoencoder(images), rtol=1e-4, atol=1e-5)


def test_a_second_run_takes_the_first_ones_autoencoder_and_is_the_run_that_trained_it(lab):
    lab.train(*LATENT, name="first")
    lab.train(*LATENT, name="again")
    lab.train(*LATENT, "schedule=linear", "optimizer.lr=1e-4", "seed=1", name="other")
    (autoencoder,) = autoencoders(lab)
    for name in ("first", "again", "other"):
        assert lab.record(name).parent_run == autoencoder.run_id
    first, again = (content(lab.root / "outputs/2026-01-01" / name) for name in ("first", "again"))
    assert_identical(first, again)


def test_other_settings_or_data_need_another_autoencoder_and_those_of_the_diffusion_do_not(lab):
    lab.train(*AUTOENCODER)
    data_hash = lab.record().data_hash

    def found(*changes, data_hash=data_hash):
        settings = resolve(lab.compose(*LATENT, *changes), {"data": "garments"})
        return find_autoencoder(settings.first_stage, data_hash) is not None

    assert found()
    assert found("schedule=linear", "parameterization=x0", "seed=1", "trainer.max_epochs=9", "optimizer=sgd")
    assert found("trainer.precision=bf16-mixed", "condition.style=ink", "model.dropout=0.1", "loss.weighting=min_snr")
    assert not found(data_hash="0" * 32)
    for change in (
        *("loss.kl_weight=1e-3", "seed=1", "model.latent_channels=8", "optimizer.lr=1e-2", "trainer.max_epochs=2"),
        "ema_decay=0.9",
    ):
        assert not found(f"codec.autoencoder.{change}"), change
    assert not found("data.random_crop=2")
    (lab.root / "outputs/2026-01-01/b").mkdir()
    (lab.root / "outputs/2026-01-01/b/run.json").write_text("not a record")
    assert found()


def test_an_autoencoder_trained_alone_is_taken_and_one_without_weights_is_not(lab):
    lab.train(*AUTOENCODER, name="alone")
    lab.train(*LATENT, name="first")
    assert lab.record("first").parent_run == lab.record("alone").run_id
    (lab.root / "outputs/2026-01-01/alone/weights.safetensors").unlink()
    lab.train(*LATENT, name="second")
    assert lab.record("second").parent_run not in (None, lab.record("alone").run_id)


def test_two_epochs_equal_one_plus_one_resumed(lab):
    whole = lab.train(*LATENT, "trainer.max_epochs=2", name="whole")
    lab.train(*LATENT, "name=parts", name="parts")
    parent = lab.record("parts").parent_run
    parts = lab.train(*LATENT, "name=parts", "trainer.max_epochs=2", "ckpt_path=last", name="parts")
    assert_identical(content(whole), content(parts))
    assert lab.record("parts").parent_run == parent


def test_an_autoencoder_resumes_bit_for_bit(lab):
    whole = lab.train(*AUTOENCODER, "trainer.max_epochs=2", name="whole")
    lab.train(*AUTOENCODER, "name=parts", name="parts")
    parts = lab.train(*AUTOENCODER, "name=parts", "trainer.max_epochs=2", "ckpt_path=last", name="parts")
    assert_identical(content(whole), content(parts))


def test_the_same_command_goes_on_with_an_interrupted_autoencoder(lab):
    settings = ("model=conditional_latent_unet", STAGE[0], "codec.autoencoder.trainer.max_epochs=2")
    stop = (
        "+callbacks.stop._target_=tests.training.test_resume.SignalAt",
        "+callbacks.stop.step=3",
        f"+callbacks.stop.number={int(signal.SIGTERM)}",
    )
    with pytest.raises(TrainingInterrupted, match="same command"):
        lab.train(*settings, *stop, name="first")
    assert [record.status for record in autoencoders(lab)] == ["interrupted"]
    lab.train(*settings, name="second")
    (autoencoder,) = autoencoders(lab)
    assert autoencoder.status == "finished" and lab.record("second").parent_run == autoencoder.run_id


def test_an_autoencoder_has_nothing_to_sample(lab):
    with pytest.raises(UsageError, match="model=latent_unet"):
        load_model(lab.train(*AUTOENCODER), "cpu")


def test_check_says_whether_an_autoencoder_comes_first(lab, capsys):
    lab.train(*LATENT, "check=true")
    assert "it is trained first" in capsys.readouterr().out
    lab.train(*AUTOENCODER, name="20260101-000000-abcdef")
    lab.train(*LATENT, "check=true")
    assert "run 20260101-000000-abcdef is taken" in capsys.readouterr().out


def test_what_does_not_fit_is_refused_before_the_autoencoder_is_trained(lab):
    with pytest.raises(UsageError, match=r"model\.channels"):
        lab.train(*LATENT, "model.channels=[8,8,8,8,8,8]")
    assert autoencoders(lab) == []


def test_the_diffusion_network_of_both_spaces_is_the_same_but_for_its_channels(lab):
    small = (*SMALL, "data.image_size=64")
    pixel = instantiate(lab.compose("model=conditional_unet", small=small).model)
    latent = instantiate(lab.compose(*LATENT, "model.attention_max_size=8", small=small).model)
    assert type(pixel) is type(latent)
    assert describe(pixel).flops_per_image > describe(latent).flops_per_image
