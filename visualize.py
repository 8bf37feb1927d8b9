"""Draw figures of a trained run: `python visualize.py --help`."""

from diffusionlab.scripts.visualize import main

if __name__ == "__main__":
    main()
