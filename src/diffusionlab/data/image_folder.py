"""Class folders of image files, decoded once into a file."""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.data.datamodule import ImageDataModule
from diffusionlab.data.held_out import content_scores, number_held_out, share_held_out
from diffusionlab.data.image_cache import decoded_once
from diffusionlab.data.layout import IMAGE_SUFFIXES, has_splits, image_files, left_out
from diffusionlab.data.layout import class_names as find_class_names
from diffusionlab.untrusted import ImageError, opened_image

log = logging.getLogger(__name__)

_MODES = {1: "L", 3: "RGB"}


class ImageFolder(ImageDataModule):
    """Any class folders: `<folder>/{train,test}/<class>/*`, or `<folder>/<class>/*` from which a test split is cut.

    The folder may be a stranger's: images are decoded as the formats of `untrusted.IMAGE_FORMATS` alone, whatever their
    names say, and not beyond `untrusted.MOST_PIXELS`.

    Images of any size and proportion: the middle square is taken and resized (antialiased) to `image_size`.

    Args:
        folder: where the class folders lie.
        image_size: height and width in pixels.
        channels: 1 (grey, ITU-R 601 luma) or 3.
        test_fraction: share cut off as test split where the folder has no splits. Content and `split_seed` decide for
            each image by itself, so that images added later never change the side of another.

    The other arguments are `ImageDataModule`'s.
    """

    def __init__(
        self,
        *,
        folder: str | Path,
        image_size: int,
        channels: int = 3,
        test_fraction: float = 0.1,
        batch_size: int = 128,
        num_val: int = 0,
        seed: int = 0,
        split_seed: int = 0,
        horizontal_flip: bool = False,
        random_crop: int = 0,
        colour_jitter: float = 0.0,
        class_names: Sequence[str] | None = None,
        num_classes: int | None = None,
    ) -> None:
        if channels not in _MODES:
            raise ValueError(f"data.channels={channels} must be 1 (grey) or 3 (colour)")
        if not 0 < test_fraction < 1:
            raise ValueError(f"data.test_fraction={test_fraction} must lie between 0 and 1")
        self.folder = Path(folder).expanduser()
        self.test_fraction = test_fraction
        self.name = self.folder.resolve().name
        self.native_channels = channels
        self.native_image_size = image_size
        self.native_class_names = tuple(find_class_names(self.folder))
        super().__init__(
            batch_size=batch_size,
            num_val=num_val,
            seed=seed,
            split_seed=split_seed,
            horizontal_flip=horizontal_flip,
            random_crop=random_crop,
            colour_jitter=colour_jitter,
            image_size=image_size,
            channels=channels,
            class_names=class_names,
            num_classes=num_classes,
        )

    def read(self) -> tuple[ImageArrays, ImageArrays]:
        """Both splits, decoded at `image_size`."""
        decode = partial(
            decode_classes, classes=self.native_class_names, image_size=self.image_size, channels=self.channels
        )
        if has_splits(self.folder):
            return decode(self.folder / "train"), decode(self.folder / "test")
        arrays = decode(self.folder)
        scores = content_scores(arrays, "test", self.split_seed)
        train, test = share_held_out(scores, arrays.labels.numpy(), self.test_fraction)
        return arrays.select(torch.from_numpy(train)), arrays.select(torch.from_numpy(test))

    def split_validation(self, train: ImageArrays) -> tuple[np.ndarray, np.ndarray]:
        """By content, so that no image that was trained on is validated on once the folder has grown."""
        return number_held_out(content_scores(train, "validation", self.split_seed), train.labels.numpy(), self.num_val)

    def fit_sizes(self, train: ImageArrays) -> None:
        """Where `num_val` is more than half, a fifth; `batch_size` at most what is left. What is taken is said."""
        num_classes, given = len(train.labels.unique()), (self.num_val, self.batch_size)
        if self.num_val * 2 > len(train):
            self.num_val = len(train) // 5
        self.num_val = min(self.num_val, len(train) - num_classes)  # one of each class is trained on
        self.batch_size = min(self.batch_size, max(1, (len(train) - self.num_val) // self.world_size))
        if given != (self.num_val, self.batch_size):
            rank_zero_only(log.warning)(
                f"{self.name} has {len(train)} training images: takes data.num_val={self.num_val} "
                f"data.batch_size={self.batch_size} instead of {given[0]} and {given[1]}"
            )


def decode_classes(folder: Path, *, classes: Sequence[str], image_size: int, channels: int) -> ImageArrays:
    """Every image in `folder/<class>/` and the folders within it, class k of `classes` having label k.

    They are decoded where that was not done before (`image_cache`). Files that are not read are counted in a warning.

    Raises:
        ValueError: a class has no images.
        ValueError: a file is not an image; the message names it.
    """
    files_of = {name: image_files(folder / name) if (folder / name).is_dir() else [] for name in classes}
    for name, files in files_of.items():
        if not files:
            raise ValueError(
                f"{folder / name} has no images ({', '.join(sorted(IMAGE_SUFFIXES))}): add some or remove the folder"
            )
    files = [path for class_files in files_of.values() for path in class_files]
    decode = partial(_decode_block, image_size=image_size, mode=_MODES[channels])
    images = decoded_once(folder, files, (channels, image_size, image_size), decode)
    _say_what_is_left_out(folder, classes)
    counts = torch.tensor([len(files) for files in files_of.values()])
    return ImageArrays(images, torch.arange(len(classes)).repeat_interleave(counts))


def _say_what_is_left_out(folder: Path, classes: Sequence[str]) -> None:
    counts = Counter[str]()
    for path in (folder / name for name in classes):
        counts.update(left_out(path))
    if beside := sum(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir() if path.is_file()):
        counts["images beside the class folders"] = beside
    if counts:
        files = ", ".join(f"{number} {ending}" for ending, number in counts.most_common())
        read = ", ".join(sorted(IMAGE_SUFFIXES))
        rank_zero_only(log.warning)(f"{folder}: left out {files} ({read} are read: convert the others)")


def _decode_block(paths: Sequence[Path], *, image_size: int, mode: str) -> np.ndarray:
    """(B, C, H, W) uint8."""
    images = np.stack([_decode(path, image_size=image_size, mode=mode) for path in paths])
    return images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)


def _decode(path: Path, *, image_size: int, mode: str) -> np.ndarray:
    with opened_image(path) as image:
        if image.mode.startswith(("I", "F")):  # PIL would clip them to 255
            raise ImageError(f"{path} has more than 8 bits per channel: save it as an 8-bit PNG")
        upright = _opaque(ImageOps.exif_transpose(image)).convert(mode)
    if upright.size != (image_size, image_size):
        upright = ImageOps.fit(upright, (image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(upright)


def _opaque(image: Image.Image) -> Image.Image:
    """Transparent pixels show white, as a page behind them would, not the colour that happens to be stored."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
