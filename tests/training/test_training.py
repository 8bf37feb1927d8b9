"""What a training does beside lowering its loss: it averages, measures, guards and reports."""

import csv
import json
import math

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from diffusionlab.errors import TrainingDiverged, UsageError
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.runs.checkpoint import load_model
from diffusionlab.training import EMA


def logged(folder):
    with (folder / "logs/version_0/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows if row[key]] for key in rows[0]}


def test_a_run_leaves_everything_it_promises(lab, registry_of_its_own):
    folder = lab.train("tags=[first]", "notes=hello")
    for file in (
        "run.json",
        "weights.safetensors",
        "checkpoints/last.ckpt",
        "samples/latest.png",
        "logs/version_0/metrics.csv",
    ):
        assert (folder / file).is_file(), file
    values = logged(folder)
    assert {"train/loss_step", "train/loss_epoch", "val/loss"} <= values.keys()
    assert any(key.startswith("train/loss_t_") for key in values)

    record = find_run(str(registry_of_its_own), "latest")
    assert record.run_id == lab.record().run_id
    assert (record.status, record.dataset, record.optimizer, record.batch_size) == ("finished", "Garments", "AdamW", 16)
    assert {"unet", "cnn", "conditional"} <= set(record.arch_tags)
    assert record.metrics["val_loss"] == pytest.approx(values["val/loss"][-1])
    assert record.metrics["train_loss"] == pytest.approx(values["train/loss_epoch"][-1])
    assert (record.lr_schedule, record.schedule) == ("constant", "cosine")
    assert record.tags == ["first"] and record.notes == "hello"
    assert record.sources["num_parameters"] == "module graph" and record.sources["lr"] == "config"
    assert record.data_hash and record.config_hash and record.git_commit is not None


def test_the_sample_grid_has_a_column_for_each_class(lab):
    folder = lab.train()
    width, height = Image.open(folder / "samples/latest.png").size
    assert width == 10 * (28 * 3 + 4) + 4 and height > 28 * 3


def test_a_small_network_learns_eight_images_by_heart(lab):
    folder = lab.train("debug=overfit", "data.batch_size=8", "trainer.max_epochs=300", "model.channels=[16,32]")
    losses = logged(folder)["train/loss_step"]
    assert sum(losses[-30:]) < 0.25 * sum(losses[:30])


def test_the_average_follows_the_weights_as_its_formula_says():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    ema = EMA(network, decay=0.999)
    expected = {name: value.clone() for name, value in network.named_parameters()}
    for step in range(1, 6):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter))
        network(torch.randn(4, 1, 5, 5))
        ema.update(network)
        decay = min(0.999, (1 + step) / (10 + step))
        expected = {
            name: decay * expected[name] + (1 - decay) * value.detach() for name, value in network.named_parameters()
        }
    for name, value in ema.network.named_parameters():
        torch.testing.assert_close(value, expected[name])
    assert torch.equal(ema.network[1].running_mean, network[1].running_mean)
    assert not ema.train().network.training
    assert not any(parameter.requires_grad for parameter in ema.parameters())


def test_the_average_survives_its_state_dict():
    ema = EMA(nn.Linear(2, 2), decay=0.9)
    for _ in range(3):
        ema.update(nn.Linear(2, 2))
    other = EMA(nn.Linear(2, 2), decay=0.9)
    other.load_state_dict(ema.state_dict())
    assert other.num_updates == 3
    assert torch.equal(other.network.weight, ema.network.weight)


def test_what_is_shipped_is_the_average_and_it_loads_without_pickle(lab):
    folder = lab.train()
    checkpoint = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    for name, tensor in load_file(folder / "weights.safetensors").items():
        assert torch.equal(tensor, checkpoint[f"ema.network.{name}"])
    model = load_model(folder, "cpu")
    assert model.x0_shape == (1, 28, 28) and model.network.num_classes == 10 and not model.network.training


class TestBrokenWeights:
    def test_cut_off(self, lab):
        folder = lab.train()
        path = folder / "weights.safetensors"
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(UsageError, match="not a readable safetensors file"):
            load_model(folder, "cpu")

    def test_foreign(self, lab, tmp_path):
        save_file({"weight": torch.zeros(1)}, tmp_path / "weights.safetensors")
        with pytest.raises(UsageError, match="another program"):
            load_model(tmp_path, "cpu")

    @pytest.mark.parametrize("depth", ["at the top", "nested"])
    def test_a_file_cannot_name_any_callable(self, tmp_path, depth):
        bomb = {
            "_target_": "pathlib.Path.touch",
            "_args_": [{"_target_": "pathlib.Path", "_args_": [str(tmp_path / "x")]}],
        }
        model = bomb if depth == "at the top" else {"_target_": "diffusionlab.models.UNet", "channels": bomb}
        metadata = {"format": "diffusionlab", "config": json.dumps({"model": model})}
        save_file({"weight": torch.zeros(1)}, tmp_path / "weights.safetensors", metadata=metadata)
        with pytest.raises(UsageError, match=r"not part of diffusionlab|which is not a|does not fit"):
            load_model(tmp_path, "cpu")
        assert not (tmp_path / "x").exists()

    @pytest.mark.parametrize("config", ["{}", "[", '{"model": {"_target_": "diffusionlab.models.UNet"}}'])
    def test_settings_that_make_no_model(self, tmp_path, config):
        metadata = {"format": "diffusionlab", "config": config}
        save_file({"weight": torch.zeros(1)}, tmp_path / "weights.safetensors", metadata=metadata)
        with pytest.raises(UsageError, match="does not fit"):
            load_model(tmp_path, "cpu")


def test_a_loss_that_is_not_a_number_stops_the_run_with_step_and_cause(lab):
    with pytest.raises(TrainingDiverged, match=r"step \d+ \(epoch 0\).*optimizer\.lr="):
        lab.train("optimizer.lr=1e30", "lr_warmup_steps=0", "trainer.gradient_clip_val=null", "optimizer=sgd")
    assert lab.record().status == "failed"
    assert "learning rate" in lab.record().reason


def test_warm_up_raises_the_learning_rate_linearly(lab):
    folder = lab.train("lr_warmup_steps=4", "data.num_train=112", "data.batch_size=16", "optimizer.lr=0.01")
    checkpoint = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 6
    assert checkpoint["lr_schedulers"][0]["_last_lr"] == [pytest.approx(0.01)]
    half = lab.train("lr_warmup_steps=12", "data.num_train=112", "optimizer.lr=0.01", name="half")
    checkpoint = torch.load(half / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint["lr_schedulers"][0]["_last_lr"] == [pytest.approx(0.01 * 7 / 12)]


def test_accumulated_batches_make_one_step(lab):
    folder = lab.train("trainer.accumulate_grad_batches=2", "data.num_train=80")
    assert torch.load(folder / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 2


@pytest.mark.parametrize("precision", ["bf16-mixed", "32-true"])
def test_precisions_train_on_a_cpu(lab, precision):
    folder = lab.train(f"hardware.precision={precision}", "trainer.limit_train_batches=1")
    assert math.isfinite(logged(folder)["train/loss_epoch"][0])
    assert lab.record().precision.startswith(precision[:4])


def test_check_reports_memory_and_time_and_leaves_nothing(lab, capsys, registry_of_its_own):
    lab.train("check=true", "trainer.max_epochs=100")
    report = capsys.readouterr().out
    for word in ("parameters", "images/s", "GiB", "200 batches (2 an epoch)", "all fits"):
        assert word in report
    assert not list(lab.root.rglob("*.json")) and not registry_of_its_own.exists()


def test_without_label_dropout_there_is_no_guidance(lab):
    folder = lab.train("loss.label_dropout=0")
    assert "cfg" not in lab.record().arch_tags and (folder / "samples/latest.png").is_file()


def test_a_registry_that_cannot_be_written_never_stops_a_training(lab, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    folder = lab.train(f"registry.uri={tmp_path}/file/registry")
    assert lab.record().status == "finished" and (folder / "weights.safetensors").is_file()
    assert "training goes on" in caplog.text
