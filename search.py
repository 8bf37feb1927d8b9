"""Ask the registry of runs: `python search.py "unets on MNIST"`, `python search.py --help`."""

import gc
import sys

from diffusionlab.search.show.cli import main

if __name__ == "__main__":
    gc.disable()  # nothing of so short a process needs collecting, and LanceDB is imported a tenth sooner
    sys.exit(main())
