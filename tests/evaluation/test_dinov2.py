"""`features=dinov2`: Pillow's resizing, ImageNet's levels, timm's network, Meta's files; no waiting for a network."""

import os
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.transforms.functional import normalize, to_tensor

from diffusionlab.errors import UsageError
from diffusionlab.evaluation import dinov2
from diffusionlab.evaluation.dinov2 import dinov2_features

CPU, MODEL = torch.device("cpu"), "vit_small_patch14_dinov2"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as Meta has it, with random weights: 37 x 37 places, and a mask token."""
    torch.manual_seed(0)
    state = timm.create_model(MODEL, num_classes=0, img_size=518).state_dict()
    path = tmp_path_factory.mktemp("dinov2") / "weights.pth"
    torch.save(state | {"mask_token": torch.zeros(1, 384)}, path)
    return path


def features_of(weights: Path | str | None) -> dinov2.DINOv2:
    found = dinov2_features(
        model=MODEL, weights=None if weights is None else str(weights), real=None, cache_dir=Path(), device=CPU
    )
    assert isinstance(found, dinov2.DINOv2)
    return found


def test_it_sees_what_pillow_and_timm_would_show_it(weights):
    features = features_of(weights)
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    shown = [Image.fromarray(image.permute(1, 2, 0).numpy()).resize((224, 224), Image.BICUBIC) for image in images]
    pixels = torch.stack([normalize(to_tensor(np.array(one)), dinov2.MEAN, dinov2.STD) for one in shown])
    with torch.no_grad():
        expected = features.network.forward_features(pixels)[:, 0]
    found = features(images)
    assert found.shape == (2, features.num_features) == (2, 384)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
    grey = images[:, :1]
    assert torch.equal(features(grey), features(grey.expand(-1, 3, -1, -1)))


def test_places_are_interpolated_and_all_else_is_as_in_the_file(weights, tmp_path):
    features, state = features_of(weights), torch.load(weights, weights_only=True)
    ours = features.network.state_dict()
    for name, tensor in ours.items():
        assert name == "pos_embed" or torch.equal(tensor, state[name]), name
    assert ours["pos_embed"].shape == (1, 1 + 16 * 16, 384)
    column = torch.linspace(-1, 1, 37)  # places that rise from left to right still do, evenly
    rising = column.view(1, 1, 37, 1).expand(1, 37, 37, 384).flatten(1, 2)
    state["pos_embed"] = torch.cat([torch.zeros(1, 1, 384), rising], dim=1)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "weights.safetensors")
    other = features_of(tmp_path / "weights.safetensors")
    row = other.network.state_dict()["pos_embed"][0, 1:, 0].view(16, 16)[3]
    steps = row.diff()[2:-2]  # bicubic flattens towards the edge
    assert steps.std() < 0.05 * steps.mean()
    assert steps.mean() == pytest.approx(2 / 36 * 37 / 16.1, rel=0.01)  # 16.1, not 16: as in the published features
    assert other.name != features.name and features.name.startswith(MODEL)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("content", [Evil(), {"pos_embed": torch.zeros(1, 5, 3)}, [1, 2]])
def test_a_file_of_something_else_is_refused_in_one_line_and_runs_nothing(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(UsageError, match="does not hold the weights of") as caught:
        features_of(tmp_path / "other.pth")
    assert "\n" not in str(caught.value) and not (tmp_path / "evil").exists()


def test_without_weights_and_network_it_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(UsageError, match="features=classifier") as caught:
        features_of(None)
    assert "dinov2_vits14_pretrain.pth" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="vit_large_patch14_dinov2"):
        dinov2.url_of("resnet50")
