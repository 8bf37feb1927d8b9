"""Look after the registry of runs: `python registry.py --help`."""

import sys

from diffusionlab.registry.manage.cli import main
from diffusionlab.report.command import add_report

if __name__ == "__main__":
    sys.exit(main(more=[add_report]))
