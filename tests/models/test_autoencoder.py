"""The autoencoder: shapes, its Gaussian, and the loss that trains it."""

import pytest
import torch

from diffusionlab.diffusion import LatentCodec, PixelCodec
from diffusionlab.models import Autoencoder
from diffusionlab.models.autoencoder import Latent
from diffusionlab.runs.schemas import _latent_size
from diffusionlab.training import AutoencoderLoss
from diffusionlab.training.autoencoder_module import within_class_variance
from tests.models.networks import awaken

SMALL = {"in_channels": 3, "image_size": 12, "channels": (8, 8), "latent_channels": 2, "num_heads": 2}


@pytest.mark.parametrize(("image_size", "latent_size"), [(28, 8), (32, 8), (33, 10), (64, 16)])
@pytest.mark.parametrize("attention", [None, "softmax", "linear"])
def test_decode_undoes_the_shape_of_encode(image_size, latent_size, attention):
    channels = (4, 4, 8)
    network = Autoencoder(in_channels=1, image_size=image_size, channels=channels, attention=attention)
    images = torch.randn(2, 1, image_size, image_size)
    assert network.encode(images).mean.shape == (2, *network.latent_shape) == (2, 4, latent_size, latent_size)
    assert network(images).shape == images.shape
    assert _latent_size(image_size, channels) == latent_size  # what the settings say without building it


def test_an_image_does_not_see_the_rest_of_its_batch_and_padding_changes_no_pixel():
    network = awaken(Autoencoder(**SMALL, attention="softmax")).eval()
    images = torch.randn(3, 3, 12, 12)
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]), rtol=1e-4, atol=1e-5)


def test_images_of_another_size_are_refused_in_one_line():
    with pytest.raises(ValueError, match=r"built for 3x12x12 images, not \(3, 16, 16\)"):
        Autoencoder(**SMALL).encode(torch.zeros(1, 3, 16, 16))


def test_the_divergence_is_that_of_torchs_distributions():
    mean, log_variance = torch.randn(5, 2, 3, 3), torch.randn(5, 2, 3, 3)
    normal = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0, 1)).mean(dim=(1, 2, 3))
    torch.testing.assert_close(Latent(mean, log_variance).kl(), expected)


def test_draws_have_the_mean_and_the_variance_that_they_say():
    latent = Latent(torch.full((20000, 1, 1, 1), 3.0), torch.full((20000, 1, 1, 1), 4.0).log())
    variance, mean = torch.var_mean(latent.sample())
    assert mean.item() == pytest.approx(3, abs=0.1) and variance.item() == pytest.approx(4, abs=0.2)


def test_the_gradient_of_the_loss_reaches_every_parameter():
    torch.manual_seed(0)
    network = awaken(Autoencoder(**SMALL, attention="linear"))
    loss = AutoencoderLoss(kl_weight=0.1, class_centre_weight=0.1)
    loss(network, torch.randn(4, 3, 12, 12), torch.tensor([0, 0, 1, 1])).loss.backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().any()] == []


def test_the_class_centre_term_is_the_variance_within_the_classes():
    latents, label = torch.randn(60, 2, 3, 3), torch.arange(60) % 4
    expected = sum(latents[label == c].var(dim=0, correction=0).mean() * 15 for c in range(4)) / 60
    torch.testing.assert_close(within_class_variance(latents, label), expected)
    assert within_class_variance(latents[:1], label[:1]) == 0


def test_the_class_centre_loss_pulls_the_latents_of_a_class_together():
    torch.manual_seed(0)
    images, label = torch.rand(32, 3, 12, 12) * 2 - 1, torch.arange(32) % 2

    def spread(weight):
        torch.manual_seed(1)
        network, loss = Autoencoder(**SMALL), AutoencoderLoss(class_centre_weight=weight)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for _ in range(40):
            optimizer.zero_grad()
            loss(network, images, label).loss.backward()
            optimizer.step()
        latents = network.encode(images).mean.detach()
        return (within_class_variance(latents, label) / latents.var()).item()

    assert spread(1.0) < 0.8 * spread(0.0)


@pytest.mark.parametrize("option", ["kl_weight", "class_centre_weight"])
def test_a_negative_weight_is_refused(option):
    with pytest.raises(ValueError, match=f"loss.{option}=-1"):
        AutoencoderLoss(**{option: -1})


class TestCodec:
    def test_pixels_are_their_own_code(self):
        images = torch.randn(2, 1, 4, 4)
        assert PixelCodec().encode(images) is images and PixelCodec().decode(images) is images
        assert PixelCodec().clip_x0 and not PixelCodec().state_dict()

    def test_a_latent_codec_is_frozen_and_measures_unit_variance(self):
        codec = LatentCodec(awaken(Autoencoder(**SMALL))).train()
        images = 3 + torch.randn(64, 3, 12, 12)
        codec.measure(images.split(10))
        variance, mean = torch.var_mean(codec.encode(images), dim=(0, 2, 3), correction=0)
        torch.testing.assert_close(variance, torch.ones(2), rtol=1e-4, atol=0)
        torch.testing.assert_close(mean, torch.zeros(2), rtol=0, atol=1e-5)
        torch.testing.assert_close(codec.decode(codec.encode(images)), codec.autoencoder(images).detach())
        assert not codec.training and not codec.autoencoder.training and not codec.clip_x0
        assert not any(parameter.requires_grad for parameter in codec.parameters())

    def test_a_dead_channel_is_told(self):
        network = Autoencoder(**SMALL)
        torch.nn.init.zeros_(network.encoder[-1].weight)
        with pytest.raises(ValueError, match="constant in a channel"):
            LatentCodec(network).measure([torch.randn(4, 3, 12, 12)])
