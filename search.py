"""Ask the registry of runs: `python search.py "unets on MNIST"`, `python search.py --help`."""

import sys

from diffusionlab.search.cli import main

if __name__ == "__main__":
    sys.exit(main())
