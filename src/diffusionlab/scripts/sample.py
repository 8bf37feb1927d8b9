"""Sample images from a trained run.

Examples:
  python sample.py run=latest num_samples=16
  python sample.py run=latest label=cat num_samples=16 sampler=ddim sampler.num_steps=50 guidance_scale=2 seed=0
  python sample.py run=20261120-191530-a1b2c3 'label=[cat,dog]' sampler=dpmpp_2m sampler.num_steps=20

Writes grid.png and the single PNGs into a new folder below the run's own samples/.
"""

from typing import TYPE_CHECKING

from diffusionlab.scripts.program import run_program

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(cfg: "DictConfig") -> None:
    """One grid and the single images."""
    from diffusionlab.commands.sample import sample  # torch loads here: --help and --cfg job stay quick

    sample(cfg)


def main() -> None:
    """Run the command line."""
    run_program("sample", __doc__, job)


if __name__ == "__main__":
    main()
