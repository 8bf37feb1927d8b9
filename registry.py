"""Look after the registry of runs: `python registry.py --help`."""

import sys

from diffusionlab.registry.cli import main

if __name__ == "__main__":
    sys.exit(main())
