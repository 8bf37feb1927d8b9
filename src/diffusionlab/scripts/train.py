"""Train a small image diffusion model and record the run.

Examples:
  python train.py                                                  the default, in minutes on a laptop
  python train.py model=conditional_unet data=cifar_catdog
  python train.py experiment=notebook_efficient                    a recipe from conf/experiment
  python train.py data=image_folder data.folder=photos data.image_size=64
  python train.py trainer.max_epochs=50 optimizer.lr=1e-3 trainer.gradient_clip_val=0.5
  python train.py -m optimizer.lr=1e-3,3e-4 model=simple_unet,efficient_unet
  python train.py hardware=gpu hardware.compile=true logger=wandb
  python train.py model=simple_unet ckpt_path=last                 resume the newest run of that name
  python train.py experiment=distill teacher=RUN                   a finished run becomes a sampler of few steps
  python train.py data=cifar_catdog init_from=RUN                  start from the weights of another run
  python train.py data=cifar_catdog resume=auto                    start, continue, or say that it is finished

Look before you run:      python train.py check=true               one step; memory and time to expect
Then sample, find:        python sample.py run=latest num_samples=16
                          python search.py "my runs of today"
"""

from typing import TYPE_CHECKING

from diffusionlab.scripts.program import run_program

if TYPE_CHECKING:
    from omegaconf import DictConfig


def job(cfg: "DictConfig") -> float | None:
    """One run, or one trial of a sweep."""
    from diffusionlab.commands.train import train  # torch loads here: --help and --cfg job stay quick

    return train(cfg)


def main() -> None:
    """Run the command line."""
    run_program("train", __doc__, job)


if __name__ == "__main__":
    main()
