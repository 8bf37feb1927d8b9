"""Look after the registry of runs: `python registry.py --help`."""

import sys

from diffusionlab.ingest.command import add_code, add_ingest
from diffusionlab.registry.manage import cli
from diffusionlab.report.command import add_reports
from diffusionlab.untrusted import say_in_logs

MORE = (add_reports, add_ingest, add_code)
"""Commands from layers above the registry."""


def main() -> None:
    """Run the command line."""
    say_in_logs()
    sys.exit(cli.main(more=MORE))


if __name__ == "__main__":
    main()
