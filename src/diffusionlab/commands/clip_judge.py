"""What `sample.py` has a CLIP for: to draw samples towards their class, to score them, to keep the best."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffusionlab.diffusion import Steering
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.clip.scores import ClipScores, score_samples
from diffusionlab.runs.frozen import Group
from diffusionlab.runs.run import Run
from diffusionlab.runs.settings import make
from diffusionlab.untrusted import say
from diffusionlab.visualization.clip_scores import best_and_worst, difficulty_chart
from diffusionlab.visualization.grids import save_png
from diffusionlab.visualization.numbered import NumberedImages

log = logging.getLogger(__name__)

NUM_REAL = 1000
"""Test images that are scored for comparison, at the most."""


class ClipJudge:
    """The CLIP that a request for samples asks for, and what it is to do.

    Raises UsageError where that cannot be, or no such CLIP is at hand.
    """

    def __init__(self, options: Group, run: Run, scales: Sequence[float]) -> None:
        top, clip_scale, settings = options.select.top, options.guidance.clip_scale, run.settings
        if not run.model.network.null_labels:
            raise UsageError("a CLIP judges by the class, and this run is unconditional: train model=conditional_unet")
        if clip_scale and not run.model.codec.clip_x0:
            raise UsageError(f"guidance.clip_scale={clip_scale} compares images, and x0 of a latent model is not one")
        if top is not None and not 1 <= top <= options.num_samples:
            raise UsageError(f"select.top={top}: from 1 to num_samples={options.num_samples}")
        if len(scales) > 1 and (options.scores or top is not None):
            raise UsageError(f"guidance_scale={list(scales)}: one alone where samples are scored or chosen")
        source = make(options, "clip")
        self.clip = source.choose(run.record.dataset, settings.data.class_names, settings.choices["data"])
        self.steering = Steering(similarity=self.clip.scorer.similarity, scale=clip_scale) if clip_scale else None
        self.run, self.writes_scores, self.top = run, options.scores, top

    @staticmethod
    def is_asked_for(options: Group) -> bool:
        """Whether any of the options needs a CLIP."""
        return bool(options.guidance.clip_scale or options.scores or options.select.top is not None)

    def judge(self, images: NumberedImages, label: torch.Tensor, folder: Path, about: dict[str, Any]) -> list[int]:
        """Write and print what is wanted; returns the numbers of the samples to keep, best first if some are chosen.

        `label`: (N,) int64; `about`: what the table says of where they are from.
        """
        if not self.writes_scores and self.top is None:
            return list(range(len(images)))
        scores = score_samples(self.clip.scorer, images, label)
        if self.writes_scores:
            about = {
                "run": self.run.record.run_id,
                "clip": self.clip.name,
                "clip_accuracy": self.clip.accuracy,
                **about,
            }
            right = (
                "" if self.clip.accuracy is None else f", which names {self.clip.accuracy:.1%} of real images rightly"
            )
            say(f"scores of {self.clip.name}{right}")
            save_scores(scores, images, folder, about, real=self._scores_of_real_images())
        if self.top is None:
            return list(range(len(images)))
        best = scores.best(self.top).tolist()
        rows = scores.by_sample()
        say("\n".join(_line(rows[number]) for number in best))
        return best

    def _scores_of_real_images(self) -> ClipScores | None:
        """Of at most NUM_REAL test images; None without test images, with a warning if their files are missing."""
        try:
            test = self.run.datamodule.test
        except (ValueError, OSError) as error:
            log.warning("real images are not scored beside the samples: %s", error)
            return None
        if not len(test):
            return None
        chosen = test.take(np.arange(0, len(test), -(-len(test) // NUM_REAL)))
        return score_samples(self.clip.scorer, chosen.images, chosen.labels)


def save_scores(
    scores: ClipScores, images: NumberedImages, folder: Path, about: dict[str, Any], real: ClipScores | None
) -> None:
    """scores.json, best_and_worst.png, difficulty.png and difficulty.svg; `real`: of real images, beside them."""
    table = about | {"classes": scores.by_class(), "samples": scores.by_sample()}
    (folder / "scores.json").write_text(json.dumps(table, indent=1))
    seen = (scores.label, scores.quality, scores.class_names)
    save_png(best_and_worst(images, *seen), folder / "best_and_worst.png")
    chart = difficulty_chart(*seen, real=(real.label, real.quality) if real else None)
    for suffix in ("png", "svg"):
        chart.savefig(folder / f"difficulty.{suffix}", dpi=150)
    say("\n".join(_line(row) for row in scores.by_class()))


def _line(row: dict[str, Any]) -> str:
    """`sample 7  Coat  good 0.912  clear 0.899  blurry 0.401`"""
    words = [f"{key} {value:.3f}" for key, value in row.items() if isinstance(value, float)]
    start = f"sample {row['sample']:<5}" if "sample" in row else f"{row['samples']} x"
    return "  ".join([start, f"{row['class']:<14}", *words])
