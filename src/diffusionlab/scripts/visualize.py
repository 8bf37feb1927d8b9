"""Draw figures of a trained run, PNG and SVG; the first word says which.

{figures}

Examples:
  python visualize.py forward
  python visualize.py denoising run=latest label=[Bag,Sandal] sampler=dpmpp_2m sampler.num_steps=20
  python visualize.py curves run=[20261120-191530-a1b2c3,fashion_conditional] format=svg
  python visualize.py tsne run=latest features=classifier
  python visualize.py all run=latest

Writes into pictures/ in the run's folder; of several runs in one figure, into that of the first.
"""

import sys
from typing import TYPE_CHECKING

from diffusionlab.errors import cli_errors
from diffusionlab.scripts.program import run_program
from diffusionlab.visualization.catalogue import as_override, listing

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(cfg: "DictConfig") -> None:
    """One figure, or all that the run can have."""
    from diffusionlab.commands.visualize import visualize  # torch loads here: --help and --cfg job stay quick

    visualize(cfg)


def main() -> None:
    """Run the command line."""
    with cli_errors(lambda error: None):
        sys.argv[1:2] = [as_override(word) for word in sys.argv[1:2]] or ["--help"]
    run_program("visualize", __doc__.replace("{figures}", listing()), job)


if __name__ == "__main__":
    main()
