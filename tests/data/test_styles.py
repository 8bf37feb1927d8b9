"""Styles: what is measured, how it is cut into bins, and how a CSV is read."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from diffusionlab.data import Garments, ImageArrays
from diffusionlab.data.style_names import MEASURED, style_names
from diffusionlab.data.styles import make_styler, measure


def garments(style: str | None = None, csv: str | None = None, **options) -> Garments:
    data = Garments(num_train=300, num_test=100, num_val=50, batch_size=8, **options)
    data.styler = make_styler(style, csv)
    data.setup()
    return data


def square(side: int, level: int, background: int = 0) -> torch.Tensor:
    image = torch.full((1, 1, 16, 16), background, dtype=torch.uint8)
    image[..., 4 : 4 + side, 5 : 5 + side] = level
    return image


def test_what_the_measures_are_of_a_square():
    assert measure("size", square(4, 200)).item() == pytest.approx(16 / 256)
    assert measure("ink", square(4, 200)).item() == pytest.approx(16 / 256 * 200 / 255)
    assert measure("brightness", square(4, 200, 100)).item() == pytest.approx((240 * 100 + 16 * 200) / 256 / 255)
    assert measure("size", torch.zeros(1, 3, 8, 8, dtype=torch.uint8)).item() == 0


@pytest.mark.parametrize("style", ["ink", "size"])
def test_ink_and_size_are_the_same_on_a_light_background_as_on_a_dark_one(style):
    images = garments().train.images
    torch.testing.assert_close(measure(style, images), measure(style, 255 - images))


@pytest.mark.parametrize("style", MEASURED)
def test_bins_rise_with_the_measure_and_are_equal_in_every_class(style):
    train = garments(style).train
    value = measure(style, train.images)
    for label in range(10):
        of_class = train.labels == label
        bins = [value[of_class & (train.styles == number)] for number in range(3)]
        assert min(len(part) for part in bins) >= 0.2 * int(of_class.sum())
        for lower, upper in pairwise(bins):
            assert lower.max() <= upper.min()


def test_the_test_split_is_cut_at_the_training_splits_edges():
    styler = make_styler("ink", None)
    train = ImageArrays(torch.cat([square(side, 255) for side in range(1, 10)]), torch.zeros(9, dtype=torch.int64))
    test = ImageArrays(torch.cat([square(side, 255) for side in (9, 10)]), torch.zeros(2, dtype=torch.int64))
    styled, other = styler(train, test)
    assert styled.styles.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2] and other.styles.tolist() == [2, 2]


def test_styles_follow_their_images_through_split_choice_and_size():
    data = garments("ink", class_names=("Bag", "Dress"), image_size=32)
    assert data.train.styles.shape == data.train.labels.shape and set(data.train.styles.tolist()) == {0, 1, 2}
    x0, label, style = next(iter(data.train_dataloader()))
    assert len(x0) == len(label) == len(style) and style.dtype == torch.int64


def test_batches_without_styles_are_pairs():
    assert len(next(iter(garments().val_dataloader()))) == 2


class TestCSV:
    def write(self, path, rows):
        path.write_text("split,index,style\n" + "".join(f"{split},{index},{style}\n" for split, index, style in rows))
        return str(path)

    def whole(self, odd="plain"):
        sizes = {"train": 300, "test": 100}
        return [(split, i, odd if i % 2 else "checked") for split, size in sizes.items() for i in range(size)]

    def test_names_are_sorted_and_each_image_gets_its_own(self, tmp_path):
        file = self.write(tmp_path / "styles.csv", self.whole())
        assert style_names("csv", file) == ["checked", "plain"]
        data = garments("csv", file)
        assert data.test.styles.tolist() == [i % 2 for i in range(100)]

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            (lambda rows: rows[:-1], "1 images of test have no style, such as 99"),
            (lambda rows: [*rows, ("train", 300, "plain")], "there is no 300"),
            (lambda rows: [*rows, ("val", 3, "plain")], "line 402"),
            (lambda rows: [*rows, ("train", "x", "plain")], "line 402"),
        ],
    )
    def test_what_does_not_fit_is_one_line(self, tmp_path, change, line):
        file = self.write(tmp_path / "styles.csv", change(self.whole()))
        with pytest.raises(ValueError, match=line):
            garments("csv", file)

    def test_no_file_no_column_no_style(self, tmp_path):
        (tmp_path / "other.csv").write_text("a,b\n1,2\n")
        for style, file, line in (
            ("csv", None, "condition.csv=FILE"),
            ("csv", "nowhere.csv", "is not a file"),
            ("csv", str(tmp_path / "other.csv"), "first line"),
            ("bold", None, "ink, brightness, size, csv"),
        ):
            with pytest.raises(ValueError, match=line):
                style_names(style, file)


def test_rank_correlation_of_bin_and_measure_is_high_in_every_class():
    train = garments("ink").train
    value = measure("ink", train.images).numpy()
    for label in range(10):
        rows = (train.labels == label).numpy()
        ranks = value[rows].argsort().argsort()
        assert np.corrcoef(ranks, train.styles.numpy()[rows])[0, 1] > 0.8
