"""Augmentation that the network is told of: what the numbers say is what was done, and samples are told of nothing."""

import math

import pytest
import torch

from diffusionlab.diffusion import (
    DDIM,
    Augmentation,
    CosineSchedule,
    Denoiser,
    DenoisingLoss,
    Guidance,
    Labels,
    PixelCodec,
    SampleRequest,
    Share,
    V,
    sample_batches,
)
from diffusionlab.diffusion.augmentation import AUGMENT_DIM, source_of
from diffusionlab.errors import UsageError
from diffusionlab.models import UNet
from diffusionlab.runs import schemas
from diffusionlab.runs.run import load_run
from tests.conftest import Lab
from tests.training.test_resume import assert_identical, content

AUGMENT = Augmentation(p=0.5)
UNET = {"in_channels": 1, "image_size": 8, "channels": (8, 16), "attention_max_size": 0, "num_classes": 2}


def changes(number: int, seed: int = 0, p: float = 0.5) -> torch.Tensor:
    return Augmentation(p).draw(number, "cpu", torch.Generator().manual_seed(seed))


def places(size: int) -> torch.Tensor:
    """(2, size, size): x and y of each pixel in [-1, 1]."""
    line = (2 * torch.arange(size) + 1) / size - 1
    return torch.stack([line.expand(size, size), line[:, None].expand(size, size)])


def smooth(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A picture without symmetry, given at any place."""
    return 0.4 * torch.sin(2 * x + 0.3) + 0.3 * torch.cos(3 * y - 0.5) + 0.2 * torch.sin(x * y)


def test_the_numbers_are_as_many_as_the_settings_say():
    assert changes(3).shape == (3, AUGMENT_DIM) and AUGMENT_DIM == schemas.AUGMENT_DIM


def test_mirroring_is_exact_and_nothing_is_nothing():
    images = torch.rand(4, 3, 9, 9) * 2 - 1
    done = torch.zeros(4, AUGMENT_DIM)
    done[1, 0] = done[2, 1] = done[3, 0] = done[3, 1] = 1
    expected = [images[0], images[1].flip(2), images[2].flip(1), images[3].flip(1, 2)]
    assert torch.equal(AUGMENT(images, done), torch.stack(expected))


def test_a_quarter_turn_a_shift_and_a_scale_are_what_they_say():
    image = torch.rand(1, 1, 8, 8) * 2 - 1
    turned, shifted, scaled = torch.zeros(3, 1, AUGMENT_DIM)
    turned[0, 3:5] = torch.tensor([math.cos(math.pi / 2) - 1, 1.0])
    torch.testing.assert_close(AUGMENT(image, turned), image.rot90(-1, (2, 3)), atol=1e-5, rtol=0)
    shifted[0, 7] = 2 / 8
    torch.testing.assert_close(AUGMENT(image, shifted)[..., 2:], image[..., :-2], atol=1e-5, rtol=0)
    scaled[0, 2] = 1.0
    torch.testing.assert_close(source_of(scaled), torch.tensor([[[0.5, 0, 0], [0, 0.5, 0]]]))


def test_the_numbers_determine_the_change():
    """A picture that is known everywhere, looked up where the numbers say, is the changed picture."""
    size, done = 48, changes(40, p=0.7)
    x, y = places(size)
    images = smooth(x, y).expand(40, 1, size, size)
    found = AUGMENT(images, done)
    source = torch.einsum("bij,jhw->bihw", source_of(done), torch.cat([places(size), torch.ones(1, size, size)]))
    mirror = 1 - 2 * done[:, :2, None, None]
    expected = smooth(*(source * mirror).unbind(1))
    inside = (source.abs() < 1 - 2 / size).all(dim=1)
    assert inside.float().mean() > 0.5
    assert (found[:, 0] - expected)[inside].abs().max() < 0.01


def test_undoing_a_change_recovers_the_picture():
    size, done = 48, changes(40, seed=1, p=0.7)
    done[:, :2] = 0
    x, y = places(size)
    image = smooth(x, y).expand(40, 1, size, size)
    moved = AUGMENT(image, done)
    affine = torch.cat([source_of(done), torch.tensor([[[0.0, 0.0, 1.0]]]).expand(40, 1, 3)], dim=1).inverse()[:, :2]
    grid = torch.nn.functional.affine_grid(affine, list(image.shape), align_corners=False)
    back = torch.nn.functional.grid_sample(moved, grid, mode="bicubic", align_corners=False)
    kept = (grid.abs() < 1 - 4 / size).all(dim=3) & (places(size).abs() < 1 - 12 / size).all(dim=0)  # off every edge
    assert kept.float().mean() > 0.3
    assert (back - image)[:, 0][kept].abs().max() < 0.02


def test_each_change_happens_at_its_rate():
    done = changes(8000, p=0.12)
    kinds = (done[:, :1], done[:, 1:2], done[:, 2:3], done[:, 3:5], done[:, 5:7], done[:, 7:])
    rates = torch.stack([(kind != 0).any(dim=1).float().mean() for kind in kinds])
    torch.testing.assert_close(rates, torch.full((6,), 0.12), atol=0.015, rtol=0)
    assert not changes(50, p=0.0).any()


def network(**options: int) -> UNet:
    torch.manual_seed(0)
    return UNet(**UNET, **options)


def test_a_fresh_network_is_the_one_without():
    plain, told = network(), network(augment_dim=AUGMENT_DIM)
    assert set(told.state_dict()) - set(plain.state_dict()) == {"condition.augment.weight"}
    assert all(torch.equal(tensor, told.state_dict()[name]) for name, tensor in plain.state_dict().items())
    for parameter in (*plain.head.parameters(), *told.head.parameters()):
        torch.nn.init.constant_(parameter, 0.1)
    x, time, label = torch.randn(3, 1, 8, 8), torch.tensor([1.0, 50.0, 900.0]), torch.tensor([0, 1, 2])
    assert torch.equal(plain(x, time, label), told(x, time, label, augment_label=changes(3)))
    with pytest.raises(ValueError, match=r"loss\.augment=0"):
        plain(x, time, label, augment_label=changes(3))


def heard(loss: DenoisingLoss, share: Share, x0: torch.Tensor, **options: bool) -> list:
    """What a network is asked: each input, and what it is told of augmentation."""
    asked = []

    def spy(x, time, *labels, **told):
        asked.append((x, told.get("augment_label")))
        return x

    denoiser, generator = Denoiser(spy, CosineSchedule(), V()), torch.Generator().manual_seed(0)
    loss(denoiser, x0, Labels(), generator=generator, share=share, **options)
    return asked


def test_processes_that_share_a_batch_do_to_it_what_one_does():
    x0 = torch.rand(6, 1, 8, 8) * 2 - 1
    loss = DenoisingLoss(augment=0.5)
    ((whole, told),) = heard(loss, Share(0, 1), x0, training=True)
    for first in (0, 1):
        ((part, part_told),) = heard(loss, Share(first, 2), x0[first::2], training=True)
        assert torch.equal(part_told, told[first::2])
        torch.testing.assert_close(part, whole[first::2])


def test_validation_is_told_of_nothing_and_changes_nothing():
    x0 = torch.rand(6, 1, 8, 8) * 2 - 1
    ((plain, _),) = heard(DenoisingLoss(), Share(), x0)
    ((validated, told),) = heard(DenoisingLoss(augment=1.0), Share(), x0)
    assert torch.equal(plain, validated) and told is None


def test_samples_are_told_of_nothing():
    told = network(augment_dim=AUGMENT_DIM)
    torch.nn.init.normal_(told.head.weight)
    denoiser = Denoiser(told, CosineSchedule(), V())

    def sample() -> torch.Tensor:
        labels = Labels(torch.tensor([0, 1]), nulls=(2,))
        request = SampleRequest(num_samples=2, shape=(1, 8, 8), labels=labels, guidance=Guidance(scale=2.0))
        return next(sample_batches(denoiser, PixelCodec(), DDIM(num_steps=3), request, batch_size=2, device="cpu"))

    before = sample()
    torch.nn.init.normal_(told.condition.augment.weight)
    assert torch.equal(before, sample())


def test_a_probability_of_zero_is_training_without(lab: Lab):
    runs = [lab.train(*more, name=name) for name, more in (("off", ()), ("zero", ("loss.augment=0",)))]
    assert_identical(*map(content, runs))


def test_it_resumes_bit_for_bit_learns_what_it_is_told_and_samples(lab: Lab):
    settings = ("loss.augment=0.5", "condition.style=ink")
    whole = lab.train(*settings, "trainer.max_epochs=2", name="whole")
    lab.train(*settings, "name=parts", name="parts")
    parts = lab.train(*settings, "name=parts", "trainer.max_epochs=2", "ckpt_path=last", name="parts")
    assert_identical(content(whole), content(parts))
    assert content(whole)["weights"]["network.condition.augment.weight"].any()
    assert load_run(whole).sample(2, num_steps=2).shape == (2, 1, 28, 28)


def test_weights_without_it_are_the_start_of_a_run_with_it(lab: Lab):
    before = lab.train(name="before")
    after = lab.train("loss.augment=0.5", f"init_from={before}", name="after")
    assert load_run(after).model.network.augment_dim == AUGMENT_DIM


@pytest.mark.parametrize(
    ("overrides", "advice"),
    [
        (("loss.augment=1.5",), "a share between 0 and 1"),
        (("loss.augment=0.1", "model=simple_unet"), "model=conditional_unet"),
        (("loss.augment=0.1", "model=conditional_latent_unet"), "latent"),
    ],
)
def test_what_cannot_be_augmented_says_so(lab: Lab, overrides, advice):
    with pytest.raises((UsageError, ValueError), match=advice):
        lab.train(*overrides)
