"""Ask the registry of runs: `python search.py "unets on MNIST"`, `python search.py --help`."""

import gc
import sys

from diffusionlab.search.show import cli
from diffusionlab.untrusted import say_in_logs


def main() -> None:
    """Run the command line."""
    gc.disable()  # nothing of so short a process needs collecting, and LanceDB is imported a tenth sooner
    say_in_logs()
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
