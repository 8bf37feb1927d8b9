"""Random changes of training images: what each does, and that only (seed, epoch) decides it."""

import numpy as np
import pytest
import torch

from diffusionlab.data import BatchLoader, Garments, ImageArrays
from diffusionlab.data.augmentation import Augmentation, Changes

IMAGES = torch.arange(2 * 3 * 6 * 5).remainder(256).to(torch.uint8).view(2, 3, 6, 5)


def changes(shift=(0, 0), factors=(1.0, 1.0, 1.0)) -> Changes:
    return Changes(
        torch.tensor([False, False]), torch.tensor([shift, (0, 0)]), torch.tensor([factors, (1.0, 1.0, 1.0)])
    )


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (-2, 0), (0, 2), (2, -1)])
def test_a_crop_is_what_padding_by_reflection_and_cropping_gives(shift):
    cropped = Augmentation(random_crop=2)(IMAGES, changes(shift))
    padded = np.pad(IMAGES[0].numpy(), ((0, 0), (2, 2), (2, 2)), mode="reflect")
    down, right = 2 + shift[0], 2 + shift[1]
    assert np.array_equal(cropped[0].numpy(), padded[:, down : down + 6, right : right + 5])
    assert torch.equal(cropped[1], IMAGES[1])


class TestColour:
    jitter = Augmentation(colour_jitter=0.5)

    def test_factors_of_one_change_nothing(self):
        assert torch.equal(self.jitter(IMAGES, changes()), IMAGES)

    def test_brightness_multiplies(self):
        dark = self.jitter(IMAGES, changes(factors=(0.5, 1.0, 1.0)))
        assert torch.allclose(dark[0].float(), 0.5 * IMAGES[0].float(), atol=0.51)

    def test_no_contrast_is_one_grey_and_no_saturation_is_grey(self):
        flat = self.jitter(IMAGES, changes(factors=(1.0, 0.0, 1.0)))[0]
        assert flat.unique().numel() == 1
        grey = self.jitter(IMAGES, changes(factors=(1.0, 1.0, 0.0)))[0]
        assert torch.equal(grey[0], grey[1]) and torch.equal(grey[1], grey[2]) and grey.unique().numel() > 1

    def test_grey_images_have_no_saturation_to_change(self):
        grey = IMAGES[:, :1]
        assert torch.equal(self.jitter(grey, changes(factors=(1.0, 1.0, 0.2))), grey)


def test_draws_stay_in_their_ranges_and_use_them():
    drawn = Augmentation(horizontal_flip=True, random_crop=3, colour_jitter=0.2).draw(np.random.default_rng(0), 5000)
    assert drawn.shifts.unique().tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert 0.8 <= drawn.factors.min() < 0.81 and 1.19 < drawn.factors.max() <= 1.2
    assert 0.45 < drawn.flips.float().mean() < 0.55


def test_batches_depend_on_seed_and_epoch_alone_and_resume_in_mid_epoch():
    arrays = ImageArrays(IMAGES.repeat(16, 1, 1, 1), torch.arange(32))

    def loader():
        augmentation = Augmentation(horizontal_flip=True, random_crop=2, colour_jitter=0.3)
        loader = BatchLoader(arrays, batch_size=4, shuffle=True, augmentation=augmentation)
        loader.set_epoch(3)
        return loader

    whole = list(loader())
    torch.manual_seed(5)
    served = loader()
    iterator = iter(served)
    next(iterator), next(iterator)
    resumed = loader()
    resumed.load_state_dict(served.state_dict())
    for expected, got in zip(whole[2:], resumed, strict=True):
        assert torch.equal(expected[0], got[0]) and torch.equal(expected[1], got[1])


@pytest.mark.parametrize(("option", "value"), [("random_crop", -1), ("colour_jitter", 1.5)])
def test_what_is_out_of_range_names_the_option(option, value):
    with pytest.raises(ValueError, match=f"data.{option}="):
        Garments(**{option: value})
