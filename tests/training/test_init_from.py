"""A run that starts from the weights of another."""

import pytest
import torch
from safetensors.torch import load_file

from diffusionlab.errors import UsageError
from diffusionlab.runs.build import build
from diffusionlab.runs.settings import resolve
from tests.conftest import Lab

TWO_CLASSES = ("data.class_names=[Bag,Coat]", "data.num_train=200", "data.num_val=8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Lab:
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("start")
        patch.setenv("DIFFUSIONLAB_REGISTRY", str(root / "registry"))
        lab = Lab(root)
        lab.train("name=start", name="start")
    return lab


@pytest.fixture
def start(trained, monkeypatch) -> Lab:
    monkeypatch.setenv("DIFFUSIONLAB_REGISTRY", str(trained.root / "registry"))
    return trained


def built(lab, *overrides):
    cfg = lab.compose(*overrides, name="next")
    from hydra.core.hydra_config import HydraConfig

    return build(resolve(cfg, HydraConfig.get().runtime.choices), lab.root / "next", beat=lambda: None)


def test_a_run_starts_with_the_averaged_weights_of_the_other(start):
    experiment = built(start, "init_from=start")
    saved = load_file(start.root / "outputs/2026-01-01/start/weights.safetensors")
    for state in (experiment.module.network.state_dict(), experiment.module.ema.network.state_dict()):
        assert state.keys() == saved.keys() and all(torch.equal(state[name], saved[name]) for name in saved)
    assert experiment.fresh == []


def test_what_does_not_fit_is_named_and_starts_fresh(start):
    folder = start.root / "outputs/2026-01-01/start"
    experiment = built(start, f"init_from={folder}", *TWO_CLASSES)
    plain = built(start, *TWO_CLASSES)
    state, drawn = experiment.module.network.state_dict(), plain.module.network.state_dict()
    assert experiment.fresh == [name for name in sorted(state) if "label" in name] != []
    assert all(torch.equal(state[name], drawn[name]) for name in experiment.fresh)
    saved = load_file(folder / "weights.safetensors")
    assert all(torch.equal(state[name], saved[name]) for name in state.keys() - set(experiment.fresh))


def test_it_trains_is_recorded_and_continues_without_the_other(start, capsys):
    start.train("init_from=latest", "name=tuned", name="tuned")
    first = start.record("start").run_id
    assert f"starts from the weights of {first}" in capsys.readouterr().out
    record = start.record("tuned")
    assert record.parent_run == record.config["init_from"] == first
    weights = start.root / "outputs/2026-01-01/start/weights.safetensors"
    content = weights.read_bytes()
    weights.unlink()
    try:
        start.train(f"init_from={first}", "name=tuned", "trainer.max_epochs=2", "ckpt_path=last", name="tuned")
        with pytest.raises(UsageError, match=r"has no .*weights\.safetensors"):
            start.train(f"init_from={first}", name="again")
    finally:
        weights.write_bytes(content)
    assert start.record("tuned").epochs == 2


def test_nothing_that_fits_and_nobody_known_are_refused(start):
    with pytest.raises(UsageError, match="init_from"):
        built(start, "init_from=start", "model=pixel_transformer", "model.channels=32")
    with pytest.raises(ValueError, match="no run 'nobody'"):
        built(start, "init_from=nobody")
