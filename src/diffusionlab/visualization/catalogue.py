"""What there is to see of a run: names, titles, and a sentence each, and which of it was drawn.

Imports neither torch nor matplotlib.
"""

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Literal, NamedTuple

from diffusionlab.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class Picture:
    """`name`: what is typed; `caption`: what a student should see in it.

    `runs`: whether several runs make one picture together, or one each.
    """

    name: str
    title: str
    caption: str
    runs: Literal["each", "together"] = "each"


ALL = "all"
FOLDER = "pictures"
"""Of a run's pictures, in its folder."""

PICTURES = (
    Picture(
        "forward",
        "The forward process",
        "One image on its way into noise: at time t it is alpha parts image and sigma parts noise, and where only "
        "noise is left, sampling starts.",
    ),
    Picture(
        "schedules",
        "Noise schedules side by side",
        "How fast each schedule gives up the image: the share of signal and of noise, and their ratio, the SNR. "
        "Below, one image on two linear schedules that differ in the last beta alone.",
    ),
    Picture(
        "embeddings",
        "How the network sees the time",
        "Each row is a time t: sines and cosines of many wavelengths go in, and the network makes a vector of its own "
        "of them. Rows that look alike are times that it treats alike.",
    ),
    Picture(
        "loss_by_time",
        "Where in the time the loss sits",
        "The mean error of the network's output by diffusion time: thirds of t over the epochs above, all ranges of t "
        "below.",
    ),
    Picture(
        "panels",
        "Noisy, predicted, original",
        "Held-out images with more noise in every column, what the network takes them for in one look, and as they "
        "were. With much noise it can only guess the average of what could be there, hence the blur.",
    ),
    Picture(
        "denoising",
        "From noise to image",
        "Every row is one sample, from pure noise at the left to the finished image at the right: outlines come first, "
        "texture last.",
    ),
    Picture(
        "gif",
        "From noise to image, moving",
        "One sample of every class as the sampler sees it, step by step.",
    ),
    Picture(
        "guidance",
        "Guidance scale against number of steps",
        "The same noise and classes in every cell. A larger scale makes the class plainer and the images more alike; "
        "too few steps leave them rough.",
    ),
    Picture(
        "tsne",
        "A map of images",
        "Every point is an image, near those that have features like its own (t-SNE: neighbours mean something, "
        "distances between clouds do not).",
    ),
    Picture(
        "interpolate",
        "On the way from one sample to another",
        "Above, the noise is turned from one sample's to the other's along the sphere, and everything between is an "
        "image too. Below, the noise stays, and the denoiser's answers for two classes are mixed.",
    ),
    Picture(
        "same_noise",
        "The same noise, sampled differently",
        "Every column starts from one noise. Samplers that solve the same equation end at nearly the same image, and "
        "so do runs that have learnt the same data; a sampler that draws new noise on its way ends elsewhere.",
        runs="together",
    ),
    Picture(
        "epochs",
        "The same noise as training goes on",
        "What the averaged weights made of the same noise after so many steps.",
    ),
    Picture(
        "curves",
        "Learning curves",
        "The loss over the steps of training, on a logarithmic scale: on training batches, and on held-out images.",
        runs="together",
    ),
    Picture(
        "prompts",
        "What a CLIP hears in its prompts",
        "Of a run of model=clip, how like its prompts test images are. Above, images of each class against what is "
        "said of each class: the diagonal should stand out. Below, images as they are, blurred and noised, against "
        "the words for it.",
    ),
)


def find_picture(name: str) -> Picture:
    """Raises UsageError with the nearest name where there is no such picture."""
    names = [picture.name for picture in PICTURES]
    if name not in names:
        near = did_you_mean(name, [*names, ALL]) or f"; choose from {', '.join(names)}, or {ALL}"
        raise UsageError(f"there is no picture {name}{near}")
    return PICTURES[names.index(name)]


def listing() -> str:
    """Every picture with the first sentence of its caption."""
    told = [(picture.name, f"{picture.caption.partition('. ')[0].rstrip('.')}.") for picture in PICTURES]
    lines = [fill(f"  {name:<14}{what}", 110, subsequent_indent=" " * 16) for name, what in told]
    together = ", ".join(picture.name for picture in PICTURES if picture.runs == "together")
    return "\n".join([*lines, f"  {ALL:<14}Whatever this run has.", "", f"Several runs make one picture: {together}."])


def as_override(word: str) -> str:
    """The first word of the command line: the name of a picture as an override for Hydra, anything else as it is.

    Raises UsageError for a bare word that names no picture.
    """
    if not word.replace("_", "").isalnum():
        return word
    return f"what={word if word == ALL else find_picture(word).name}"


class Shown(NamedTuple):
    """A picture that lies in a run folder: PNG or GIF, with an SVG of the same name beside a PNG if asked for."""

    title: str
    caption: str
    path: Path


def pictures_of(run_folder: Path) -> list[Shown]:
    """The pictures that were drawn of this run, in the catalogue's order."""
    found = []
    for picture in PICTURES:
        path = Path(run_folder, FOLDER, f"{picture.name}.{'gif' if picture.name == 'gif' else 'png'}")
        if path.is_file():
            found.append(Shown(picture.title, _caption_in(path) or picture.caption, path))
    return found


def _caption_in(path: Path) -> str:
    """What the file says of itself, or nothing."""
    from diffusionlab.untrusted import opened_image

    with opened_image(path) as image:
        told = image.info.get("Description") or image.info.get("comment") or ""
    return told.decode() if isinstance(told, bytes) else told
