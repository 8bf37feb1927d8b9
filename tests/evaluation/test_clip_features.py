"""`features=clip`: the image tower's own vectors, whatever the batch, under a name that tells the weights."""

from types import SimpleNamespace

import pytest
import torch

from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.features import ClipFeatures, clip_features
from diffusionlab.evaluation.clip.source import LocalClip
from diffusionlab.evaluation.features import extract, fingerprint
from diffusionlab.models import SmallClip
from diffusionlab.tensors import to_float

CPU = torch.device("cpu")


def small(seed: int) -> SmallClip:
    torch.manual_seed(seed)
    return SmallClip(in_channels=1, image_size=28, embed_dim=16, width=8)


def test_features_are_the_image_towers():
    encoder = small(0)
    features = ClipFeatures(encoder, "run x", CPU)
    images = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8)
    found = extract(features, images, batch_size=2)
    with torch.no_grad():
        expected = encoder(to_float(images))
    assert found.shape == (5, features.num_features) == (5, 16)
    assert torch.allclose(found, expected, atol=1e-5)
    assert features.name == f"clip run x {fingerprint(encoder)}"
    assert ClipFeatures(small(1), "run x", CPU).name != features.name


def test_where_there_is_none_it_says_how_to_train_one(tmp_path):
    clip = LocalClip(registry_uri=str(tmp_path), prompts={})
    real = SimpleNamespace(name="Fashion-MNIST", class_names=("a", "b"))
    with pytest.raises(UsageError, match=r"train\.py model=clip"):
        clip_features(clip=clip, real=real, cache_dir=tmp_path, device=CPU)
