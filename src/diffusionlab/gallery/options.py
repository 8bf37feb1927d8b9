"""What a figure of a run is to show, and the figure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from diffusionlab.diffusion import DDIM, Sampler
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import MakeFeatures
from diffusionlab.visualization.animation import Animation


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """What a picture shows; where a picture has no use for a field, it does not look at it.

    `labels`: names or numbers of classes, all by default. `num_samples`: rows or columns of samples. `num_times`: how
    many times t are shown. `guidance_scale`: None is 2 where the run can be guided, else 1. `guidance_scales` and
    `num_steps`: rows and columns of the guidance grid. `beta_ends`: of the two strips of linear schedules of
    `beta_steps` steps. `samplers`: by name, for the same noise. `num_points` and `perplexity`: of t-SNE;
    `make_features`: the space that it maps samples and test images in, kept in `cache_dir`, None for the model's own.
    """

    labels: Sequence[int | str] | None = None
    num_samples: int = 6
    num_times: int = 8
    sampler: Sampler = field(default_factory=lambda: DDIM(num_steps=50))
    samplers: dict[str, Sampler] = field(default_factory=dict)
    guidance_scale: float | None = None
    guidance_scales: Sequence[float] = (1, 2, 4, 8)
    num_steps: Sequence[int] = (5, 10, 25, 50)
    beta_ends: Sequence[float] = (0.02, 0.1)
    beta_steps: int = 300
    num_points: int = 1000
    perplexity: float = 30.0
    make_features: MakeFeatures | None = None
    cache_dir: Path = Path("outputs/cache")
    seed: int = 0

    def __post_init__(self) -> None:
        for option, least in (("num_samples", 1), ("num_times", 2), ("num_points", 10), ("seed", 0)):
            if (value := getattr(self, option)) < least:
                raise UsageError(f"{option}={value}: at least {least}")
        if len(self.beta_ends) != 2:
            raise UsageError(f"beta_ends={list(self.beta_ends)}: two of them, such as [0.02,0.1]")


@dataclass(frozen=True)
class Drawn:
    """A picture: a figure, or an animation; `note` is a sentence on what this one shows.

    `variant` goes into the file's name, where a run can have several of its kind side by side.
    """

    content: Figure | Animation
    note: str = ""
    variant: str = ""
