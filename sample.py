"""Sample from a trained run: `python sample.py run=latest label=cat num_samples=16`; `--help` shows all there is."""

from functools import partial

import hydra
from omegaconf import DictConfig

from diffusionlab.errors import told_in_one_line
from diffusionlab.runs.explain import explain
from diffusionlab.runs.settings import register

register()
in_words = partial(explain, config_name="sample")


@hydra.main(version_base="1.3", config_path="conf", config_name="sample")
def main(cfg: DictConfig) -> None:
    """One grid and the single pictures."""
    with told_in_one_line(in_words):
        from diffusionlab.commands.sample import sample  # torch loads here: --help stays quick

        sample(cfg)


if __name__ == "__main__":
    with told_in_one_line(in_words):
        main()
