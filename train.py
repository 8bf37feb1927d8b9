"""Train a model: `python train.py model=conditional_unet data=cifar_catdog`; `--help` shows all there is."""

import hydra
from omegaconf import DictConfig

from diffusionlab.errors import told_in_one_line
from diffusionlab.runs.explain import explain
from diffusionlab.runs.settings import register

register()


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> float | None:
    """One job: a run, or a trial of a sweep."""
    with told_in_one_line(explain):
        from diffusionlab.commands.train import train  # torch loads here: --help and --cfg job stay quick

        return train(cfg)


if __name__ == "__main__":
    with told_in_one_line(explain):
        main()
