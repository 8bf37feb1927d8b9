"""Sample from a trained run: `python sample.py run=latest label=cat num_samples=16`; `--help` shows all there is."""

from functools import partial

import hydra
from omegaconf import DictConfig

from diffusionlab.config import register
from diffusionlab.errors import run_script
from diffusionlab.explain import explain

register()


@hydra.main(version_base="1.3", config_path="conf", config_name="sample")
def main(cfg: DictConfig) -> None:
    """One grid and the single pictures."""
    from diffusionlab.sample import sample  # torch loads here: --help stays quick

    sample(cfg)


if __name__ == "__main__":
    run_script(main, partial(explain, config_name="sample"))
