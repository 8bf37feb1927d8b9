"""Every file in conf/model builds its network from the facts of the data alone."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from diffusionlab.models import Autoencoder, DualEncoder, Network
from diffusionlab.models.facets import describe
from diffusionlab.runs.schemas import register

CONF = Path(__file__).parents[2] / "conf"
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))


def from_config(model: str, *, channels: int = 1, image_size: int = 28, num_classes: str = "10") -> Network:
    facts = {"channels": channels, "image_size": image_size, "num_classes": num_classes}
    register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(
            "train", [f"model={model}", "data=garments", *(f"data.{key}={value}" for key, value in facts.items())]
        )
        return instantiate(cfg.model)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("channels", "image_size"), [(1, 28), (3, 32), (3, 64)])
def test_every_model_fits_every_kind_of_data(model: str, channels: int, image_size: int) -> None:
    network = from_config(model, channels=channels, image_size=image_size).eval()
    latent_size = {28: 8, 32: 8, 64: 16}[image_size]
    if isinstance(network, DualEncoder):
        assert network(torch.zeros(1, channels, image_size, image_size)).shape == (1, 64)
        return
    expected = (4, latent_size) if "latent" in model else (channels, image_size)
    assert (network.in_channels, network.image_size) == expected
    x = torch.randn(1, expected[0], expected[1], expected[1])
    with torch.no_grad():
        output = network(x) if isinstance(network, Autoencoder) else network(x, torch.tensor([500.0]))
    assert output.shape == x.shape


FACTS = {
    "simple_unet": (3_712_257, {"cnn", "unet"}),
    "efficient_unet": (678_961, {"cnn", "unet"}),
    "autoencoder": (222_953, {"cnn", "residual", "autoencoder"}),
    "clip": (2_937_177, {"cnn", "residual", "attention"}),
    "latent_unet": (3_287_812, {"cnn", "unet", "residual", "attention"}),
    "conditional_latent_unet": (3_290_628, {"cnn", "unet", "residual", "attention", "conditional"}),
    "conditional_unet": (690_385, {"cnn", "unet", "residual", "attention", "conditional"}),
    "attention_unet": (5_420_929, {"cnn", "unet", "residual", "attention"}),
    "pixel_transformer": (715_504, {"residual", "attention", "transformer", "dit", "conditional"}),
    "linear_attention_unet": (5_488_001, {"cnn", "unet", "residual", "attention", "linear_attention"}),
}


@pytest.mark.parametrize("model", FACTS)
def test_the_facts_of_every_model_on_one_channel(model: str) -> None:
    facts = describe(from_config(model))
    assert (facts.num_parameters, facts.facets) == FACTS[model]


def test_data_without_classes_makes_the_model_unconditional() -> None:
    assert from_config("conditional_unet", num_classes="null").num_classes is None
