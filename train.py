"""Train a model: `python train.py --help`."""

from diffusionlab.scripts.train import main

if __name__ == "__main__":
    main()
