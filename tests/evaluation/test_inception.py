"""`features=inception`: torchmetrics' own network, no pickle that could run code, and no waiting for a network."""

import hashlib
import os
from pathlib import Path

import pytest
import torch
from torchmetrics.image.fid import NoTrainInceptionV3

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.inception import Inception, inception_features

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the right shapes, with random weights."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save({}, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NoTrainInceptionV3, "load_state_dict", lambda self, state: None)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
    torch.save(network.state_dict(), path)
    return path


def test_it_is_the_network_of_torchmetrics_and_takes_grey_as_three_channels(weights):
    features = inception_features(weights=str(weights), real=None, cache_dir=weights.parent, device=CPU)
    grey = torch.randint(0, 256, (2, 1, 28, 28), dtype=torch.uint8)
    found = features(grey)
    expected = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(weights))(grey.repeat(1, 3, 1, 1))
    assert found.shape == (2, features.num_features) == (2, 2048)
    assert torch.equal(found, expected)
    assert features.name == f"inception-{hashlib.sha256(weights.read_bytes()).hexdigest()[:8]}"


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("content", [Evil(), {"fc.weight": torch.zeros(3)}, [1, 2]])
def test_a_file_of_something_else_is_told_in_one_line_and_runs_nothing(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(UsageError, match="Inception weights") as caught:
        Inception(tmp_path / "other.pth", CPU)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "evil").exists()


def test_without_weights_and_network_it_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(UsageError, match="features=classifier") as caught:
        inception_features(weights=None, real=None, cache_dir=tmp_path, device=CPU)
    assert "features.weights=FILE" in str(caught.value) and "\n" not in str(caught.value)
