"""Draw pictures of a trained run: `python visualize.py denoising run=latest`; `--help` lists all there are."""

import sys
from functools import partial

import hydra
from omegaconf import DictConfig

from diffusionlab.errors import told_in_one_line
from diffusionlab.runs.explain import explain
from diffusionlab.runs.settings import register
from diffusionlab.visualization.catalogue import as_override

register()
in_words = partial(explain, config_name="visualize")


@hydra.main(version_base="1.3", config_path="conf", config_name="visualize")
def main(cfg: DictConfig) -> None:
    """One picture, or all that the run can have."""
    with told_in_one_line(in_words):
        from diffusionlab.commands.visualize import visualize  # torch loads here: --help stays quick

        visualize(cfg)


if __name__ == "__main__":
    with told_in_one_line(in_words):
        sys.argv[1:2] = [as_override(word) for word in sys.argv[1:2]] or ["--help"]
        main()
