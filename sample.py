"""Sample from a trained run: `python sample.py --help`."""

from diffusionlab.scripts.sample import main

if __name__ == "__main__":
    main()
