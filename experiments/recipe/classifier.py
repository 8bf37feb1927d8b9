"""What a classifier learns from samples alone: its accuracy on real test images beside one trained on real images.

    python experiments/recipe/classifier.py RUN                      10,000 samples of each kind, three seeds
    python experiments/recipe/classifier.py RUN --samples 2000

RUN is a run folder, an id, a name or latest. Both classifiers are that of `features=classifier`, with as many images of
each class, the same steps and the same seeds. Samples are drawn without guidance, which would narrow them.
DIFFUSIONLAB_DATA_DIR names the folder of the data.
"""

import argparse
import statistics
import time

import torch

from diffusionlab.data.arrays import ImageArrays
from diffusionlab.evaluation.classifier import ClassifierNetwork, accuracy, fit
from diffusionlab.evaluation.real_images import RealImages
from diffusionlab.runs.run import Run, load_run
from diffusionlab.runs.settings import make, option


def real_images(real: RealImages, labels: torch.Tensor) -> ImageArrays:
    """As many real training images of each class as `labels` has, (N,) int64."""
    rows = [(real.train.labels == label).nonzero()[:count, 0] for label, count in enumerate(labels.bincount())]
    return real.train.take(torch.cat(rows).numpy())


def samples(run: Run, labels: torch.Tensor, num_steps: int) -> ImageArrays:
    """A sample of each label by `dpmpp_2m`, spaced by log-SNR, one network call a step."""
    config = option("sampler", "dpmpp_2m") | {"num_steps": num_steps, "spacing": "log_snr"}
    sampler = make({"sampler": config}, "sampler")
    drawn = run.sample(len(labels), label=labels, guidance_scale=1.0, sampler=sampler, batch_size=500, progress=True)
    return ImageArrays(drawn, labels)


def accuracies(train: ImageArrays, real: RealImages, num_seeds: int, device: torch.device) -> list[float]:
    """On the real test split, of a classifier trained on `train` for each seed."""
    found = []
    for seed in range(num_seeds):
        torch.manual_seed(seed)
        _, channels, image_size, _ = train.images.shape
        network = ClassifierNetwork(channels=channels, image_size=image_size, num_classes=len(real.class_names))
        fit(network.to(device), train, device)
        found.append(accuracy(network, real.test, device))
    return found


def table(rows: dict[str, list[float]]) -> str:
    """Markdown: mean, least and greatest accuracy of each training set."""
    lines = ["| trained on | accuracy on real test images | least to greatest |", "| --- | ---: | ---: |"]
    for name, found in rows.items():
        mean, low, high = (100 * value for value in (statistics.mean(found), min(found), max(found)))
        lines.append(f"| {name} | {mean:.1f} % | {low:.1f} to {high:.1f} % |")
    return "\n".join(lines)


def main() -> None:
    """Sample, train, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run folder, an id, a name or latest")
    parser.add_argument("--samples", type=int, default=10_000, help="of each kind (default: %(default)s)")
    parser.add_argument("--num-steps", type=int, default=10, help="network calls a sample (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="classifiers of each kind (default: %(default)s)")
    parser.add_argument("--data-dir", help="where the run's data lie, if not where it was trained")
    arguments = parser.parse_args()
    run = load_run(arguments.run, data_dir=arguments.data_dir)
    real = RealImages.of(run.datamodule)
    labels = real.labels_in_proportion("train", arguments.samples)
    start = time.process_time()
    drawn = samples(run, labels, arguments.num_steps)
    print(f"{len(drawn):,} samples: {time.process_time() - start:.0f} s of processor time")
    kinds = {"samples": drawn, "real images": real_images(real, labels)}
    rows = {
        f"{len(labels):,} {name}": accuracies(train, real, arguments.seeds, run.device) for name, train in kinds.items()
    }
    print(f"all: {time.process_time() - start:.0f} s of processor time\n\n{table(rows)}")


if __name__ == "__main__":
    main()
