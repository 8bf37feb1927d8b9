"""Measure how good the samples of a trained run are, and record it with the protocol.

Examples:
  python evaluate.py run=latest num_samples=10000
  python evaluate.py run=latest num_samples=2000 reference=test guidance_scale=3
  python evaluate.py run=20261120-191530-a1b2c3 sampler=dpmpp_2m sampler.num_steps=20
  python evaluate.py run=STUDENT calls=[1,2,4,8,16] beside=TEACHER guidance_scale=1
  python evaluate.py run=latest features=inception features.weights=weights-inception-2015-12-05-6726825d.pth

Prints Fréchet distance, KID, precision and recall, density and coverage beside what real images score in the samples'
place, for a conditional run the accuracy of an independent classifier on its samples, and the share that is memorized.
Figures compare where the protocol is the same: features, number of samples, real split, sampler, guidance.
"""

from typing import TYPE_CHECKING

from diffusionlab.scripts.program import run_program

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(cfg: "DictConfig") -> None:
    """The figures of one run under one protocol."""
    from diffusionlab.commands.evaluate import evaluate  # torch loads here: --help and --cfg job stay quick

    evaluate(cfg)


def main() -> None:
    """Run the command line."""
    run_program("evaluate", __doc__, job)


if __name__ == "__main__":
    main()
