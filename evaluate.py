"""Measure a trained run: `python evaluate.py --help`."""

from diffusionlab.scripts.evaluate import main

if __name__ == "__main__":
    main()
