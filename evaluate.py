"""Measure a trained run: `python evaluate.py run=latest num_samples=10000`; `--help` shows all there is."""

from functools import partial

import hydra
from omegaconf import DictConfig

from diffusionlab.errors import told_in_one_line
from diffusionlab.runs.explain import explain
from diffusionlab.runs.settings import register

register()
in_words = partial(explain, config_name="evaluate")


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """The figures of one run under one protocol."""
    with told_in_one_line(in_words):
        from diffusionlab.commands.evaluate import evaluate  # torch loads here: --help stays quick

        evaluate(cfg)


if __name__ == "__main__":
    with told_in_one_line(in_words):
        main()
