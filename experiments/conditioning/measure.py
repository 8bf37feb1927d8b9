"""What the labels of a class- and style-conditional run do to its samples, judged by what never saw the model.

    python experiments/conditioning/measure.py RUN          # several minutes on two cores

Prints the tables of this folder's README and writes its pictures.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from scipy.stats import spearmanr
from torch import Tensor

import diffusionlab as lab
from diffusionlab.data.styles import measure
from diffusionlab.evaluation.classifier import trained_classifier
from diffusionlab.evaluation.features import extract
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.visualization.grids import class_grid, image_grid, save_png

HERE = Path(__file__).parent
SCALES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
PER_CLASS = 100
NUM_NOISES = 30

Judge = Callable[[Tensor], Tensor]
"""uint8 images (N, C, H, W) -> the predicted classes, (N,)."""


def draw(run: lab.Run, label: Tensor, style: Tensor | None, scale: float) -> Tensor:
    """(N, C, H, W) uint8; sample i starts from noise i, whatever its labels; no style is any."""
    return run.sample(
        len(label), label=label, style=style, guidance_scale=scale, sampler="dpmpp_2m", num_steps=20, batch_size=250
    )


def scales_table(run: lab.Run, judge: Judge, names: Sequence[str]) -> float:
    """Print how many of 100 samples of each class are called their class, at every scale; returns the best scale."""
    num_classes = len(names)
    label = torch.arange(num_classes).repeat_interleave(PER_CLASS)
    print("| guidance scale | all |", " | ".join(names), "|\n| ---: | ---: |", " ---: |" * len(names))
    right, first = {}, []
    for scale in track(SCALES, "scales", console=Console(stderr=True)):
        images = draw(run, label, None, scale)
        each = (judge(images) == label).view(num_classes, PER_CLASS).float().mean(dim=1)
        right[scale] = each.mean().item()
        first.append(images.view(num_classes, PER_CLASS, *images.shape[1:])[:, 0])
        print(f"| {scale:g} | **{right[scale]:.1%}** |", " | ".join(f"{one:.0%}" for one in each), "|", flush=True)
    every = torch.arange(num_classes).repeat(len(SCALES))
    grid = class_grid(torch.cat(first), every, names, row_captions=[f"{scale:g}" for scale in SCALES])
    save_png(grid, HERE / "guidance_scales.png")
    return max(right, key=lambda scale: right[scale])


def labels_table(
    run: lab.Run, judge: Judge, names: Sequence[str], styles: Sequence[str], kind: str, scale: float
) -> None:
    """Every class in every style from the same noises: what changes with either label, and what stays."""
    cells = {}
    for label in track(range(len(names)), "classes", console=Console(stderr=True)):
        for style in range(len(styles)):
            asked = [torch.full((NUM_NOISES,), one) for one in (label, style)]
            cells[label, style] = draw(run, *asked, scale)
    print("| class | rank correlation |", " | ".join(f"{kind}, {name}" for name in styles), end=" | ")
    print(" | ".join(f"called so, {name}" for name in styles), "| same call in all styles |")
    print("| --- |", " ---: |" * (2 * len(styles) + 2))
    for label, name in enumerate(names):
        images = [cells[label, style] for style in range(len(styles))]
        measured = [measure(kind, one) for one in images]
        asked = torch.arange(len(styles)).repeat_interleave(NUM_NOISES)
        correlation = spearmanr(asked.numpy(), torch.cat(measured).numpy()).statistic
        called = torch.stack([judge(one) for one in images])
        same = (called == called[0]).all(dim=0).float().mean().item()
        means = " | ".join(f"{one.mean():.3f}" for one in measured)
        right = " | ".join(f"{one:.0%}" for one in (called == label).float().mean(dim=1))
        print(f"| {name} | **{correlation:.2f}** | {means} | {right} | {same:.0%} |")
    shown = [
        cells[label, style][noise] for noise in (0, 1) for style in range(len(styles)) for label in range(len(names))
    ]
    grid = image_grid(torch.stack(shown), columns=len(names), captions=names, row_captions=list(styles) * 2)
    save_png(grid, HERE / "same_noise.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run trained with condition.style=ink, brightness or size")
    data_dir = os.environ.get("DIFFUSIONLAB_DATA_DIR")
    run = lab.load_run(parser.parse_args().run, device="cpu", data_dir=data_dir)
    data, condition = run.settings.data, run.settings.condition
    classifier = trained_classifier(RealImages.of(run.datamodule), Path("outputs/cache"), torch.device("cpu"))
    print(f"the judge is right on {classifier.accuracy:.1%} of the real test images\n")

    def judge(images: Tensor) -> Tensor:
        return classifier.classify(extract(classifier, images))

    scale = scales_table(run, judge, data["class_names"])
    print(f"\nbest at {scale:g}\n")
    labels_table(run, judge, data["class_names"], condition["style_names"], condition["style"], scale)


if __name__ == "__main__":
    main()
