"""Whether the figures tell apart what must differ: real images, spoilt ones, samples of runs, noise.

    python experiments/conditioning/ladder.py TRAINED UNTRAINED     # several minutes on two cores

Prints the last table of this folder's README. All are judged as `evaluate.py features=classifier` judges.
"""

import argparse
import os
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

import diffusionlab as lab
from diffusionlab.evaluation.classifier import trained_classifier
from diffusionlab.evaluation.judge import Judge
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.tensors import to_uint8

GUIDANCE_SCALE = 2.0
CACHE = Path("outputs/cache")


def samples(run: lab.Run, label: Tensor) -> Tensor:
    """(N, C, H, W) uint8 of a class-conditional run, any style."""
    return run.sample(
        len(label),
        label=label,
        guidance_scale=GUIDANCE_SCALE,
        sampler="dpmpp_2m",
        num_steps=20,
        batch_size=250,
        progress=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", help="a class-conditional run")
    parser.add_argument("untrained", help="the same, stopped after trainer.max_steps=1")
    parser.add_argument("--samples", type=int, default=2000)
    arguments = parser.parse_args()
    data_dir = os.environ.get("DIFFUSIONLAB_DATA_DIR")
    trained, untrained = (
        lab.load_run(run, device="cpu", data_dir=data_dir) for run in (arguments.trained, arguments.untrained)
    )
    real = RealImages.of(trained.datamodule)
    classifier = trained_classifier(real, CACHE, torch.device("cpu"))
    judge = Judge(real, classifier, classifier, cache_dir=CACHE, shown=False)
    images, label = real.test.images[: arguments.samples], real.test.labels[: arguments.samples]
    generator = torch.Generator().manual_seed(0)
    rungs = {
        "real test images": images,
        "samples of the trained run": samples(trained, label),
        "real test images, blurred": gaussian_blur(images, [5, 5], [1.0, 1.0]),
        "samples of the untrained run": samples(untrained, label),
        "Gaussian noise, as sampling starts from": to_uint8(torch.randn(images.shape, generator=generator)),
        "uniform noise": torch.randint(0, 256, images.shape, generator=generator, dtype=torch.uint8),
    }
    print(f"{len(images)} each, the classifier is right on {classifier.accuracy:.1%} of the real test images\n")
    print("| images | Fréchet distance | KID, 95 % interval | precision | recall | classifier accuracy | memorised |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, rung in rungs.items():
        found = judge.judge(rung, label, per_class=False).metrics
        kid = "{kid:.3g} [{kid_low:.2g}, {kid_high:.2g}]".format(**found)
        shares = " | ".join(f"{found[share]:.1%}" for share in ("precision", "recall", "label_accuracy", "memorised"))
        print(f"| {name} | {found['fid']:.3g} | {kid} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
