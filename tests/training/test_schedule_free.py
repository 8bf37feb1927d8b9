"""`optimizer=schedule_free`: what is validated, saved and sampled is x, what goes on training is y."""

import sys

import pytest
import torch
from safetensors.torch import load_file

from diffusionlab.errors import UsageError
from diffusionlab.training import ScheduleFree
from diffusionlab.training.schedule_free import is_schedule_free, used_weights
from tests.conftest import Lab

OPTION = ("optimizer=schedule_free", "ema_decay=0")


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "schedulefree", None)  # what Python itself has for a module that is not there
    with pytest.raises(UsageError, match="pip install schedulefree"):
        ScheduleFree([torch.nn.Parameter(torch.zeros(1))])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [(("optimizer=schedule_free",), "ema_decay=0"), ((*OPTION, "lr_schedule=cosine"), "lr_schedule=constant")],
)
def test_what_it_does_itself_is_refused_beside_it(lab: Lab, overrides, words):
    with pytest.raises(UsageError, match=words):
        lab.train(*overrides)


def test_other_optimizers_are_not_taken_for_it():
    assert not is_schedule_free(torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))]))


class TestWithThePackage:
    @pytest.fixture(autouse=True)
    def package(self):
        pytest.importorskip("schedulefree")

    def test_the_weights_to_use_are_those_of_its_evaluation_mode_and_of_the_definition(self):
        """x is the mean of all z, since the learning rate is constant."""
        torch.manual_seed(0)
        parameter, idle = torch.nn.Parameter(torch.randn(5)), torch.nn.Parameter(torch.ones(2))
        optimizer, z = ScheduleFree([parameter, idle], lr=0.1), []
        assert torch.equal(used_weights(optimizer)[0], parameter)
        for _ in range(6):
            parameter.grad = torch.randn(5)
            optimizer.step()
            z.append(optimizer.state[parameter]["z"].clone())
        found = used_weights(optimizer)
        torch.testing.assert_close(found[0], torch.stack(z).mean(dim=0))
        assert torch.equal(found[1], idle)
        before = parameter.detach().clone()
        optimizer.eval()
        torch.testing.assert_close(found[0], parameter.detach(), rtol=0, atol=1e-6)
        assert not torch.equal(before, parameter)

    def test_x_is_shipped_y_trains_on_and_a_resumed_run_is_the_whole_one(self, lab: Lab):
        whole = lab.train(*OPTION, "trainer.max_epochs=2", name="whole")
        lab.train(*OPTION, "name=parts", name="parts")
        parts = lab.train(*OPTION, "name=parts", "trainer.max_epochs=2", "ckpt_path=last", name="parts")
        one, other = (load_file(folder / "weights.safetensors") for folder in (whole, parts))
        assert all(torch.equal(one[name], other[name]) for name in one)
        content = torch.load(whole / "checkpoints/last.ckpt", weights_only=True)
        state, (group,) = content["optimizer_states"][0]["state"], content["optimizer_states"][0]["param_groups"]
        assert group["train_mode"] and lab.record("whole").optimizer == "ScheduleFree"
        beta = group["betas"][0]
        names = [name for name in content["state_dict"] if name.startswith("network.") and "extra" not in name]
        x, y = ([content["state_dict"][start + name] for name in names] for start in ("ema.", ""))
        assert any(not torch.equal(*pair) for pair in zip(x, y, strict=True))
        for number, (used, trained) in enumerate(zip(x, y, strict=True)):
            assert torch.equal(used, one[names[number].removeprefix("network.")])
            torch.testing.assert_close(trained, beta * used + (1 - beta) * state[number]["z"], rtol=1e-4, atol=1e-6)

    def test_batch_norm_is_refused(self, lab: Lab):
        with pytest.raises(UsageError, match="optimizer=adamw"):
            lab.train(*OPTION, "model=simple_unet")
