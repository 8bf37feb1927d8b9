"""`python registry.py report` and `sweep`: pages of runs, and the table of a sweep."""

import argparse
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diffusionlab.registry.manage.cli import AddCommand
from diffusionlab.registry.manage.lookup import find_run
from diffusionlab.registry.record.run_record import RECORD_FILE
from diffusionlab.registry.storage.table import Registry

if TYPE_CHECKING:
    from diffusionlab.report.folder import RunContent

OUTPUTS = Path("outputs")
GALLERY = OUTPUTS / "gallery.html"
MOST_IN_NAME = 3
EXAMPLES = """\
One RUN: report.html in its run folder; of a script, its facts beside its source in outputs/scripts/. Several:
outputs/comparison_RUN_RUN.html. None: outputs/gallery.html, all of the registry. Each page is one file that
needs no network: mail it, print it, open it on a phone.

examples:
  python registry.py report latest
  python registry.py report run-019 run-020 --output linear_against_cosine.html
  python registry.py report v3/train.py
  python registry.py report
"""


def add_reports(add: AddCommand) -> None:
    """Add the commands to those of `registry.py`."""
    sub = add("report", _report, "write an HTML page of one run or script, of several side by side, or of all")
    sub.epilog, sub.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    sub.add_argument("runs", nargs="*", metavar="RUN", help="an id, the beginning of one, `latest`, a name or a folder")
    sub.add_argument("--output", type=Path, metavar="FILE", help="where to write the page")
    sub = add("sweep", _sweep, "show the trials of a sweep, best first, with mean and deviation over seeds")
    sub.add_argument("name", metavar="NAME", help="the sweep's name, or its folder below multirun/")
    sub.add_argument("--by", metavar="METRIC", help="default: val_loss, else train_loss, else any that was measured")


def _report(arguments: argparse.Namespace) -> None:
    page = write(arguments.registry, arguments.runs, arguments.output)
    print(page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page)


def _sweep(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from diffusionlab.report.sweep import choose_metric, show, trials_of

    trials = trials_of(Registry(arguments.registry), arguments.name)
    show(Console(), trials, choose_metric(trials, arguments.by))


def page_name(kind: str, runs: "Sequence[RunContent]") -> Path:
    """Where a page of these very runs is written by default; that of many runs is told by a hash of their ids."""
    ids = [re.sub(r"[^A-Za-z0-9-]", "_", run.record.run_id)[:40] for run in runs]
    name = "_".join([kind, *ids])
    digest = hashlib.sha256(" ".join(run.record.run_id for run in runs).encode()).hexdigest()[:8]
    return OUTPUTS / (f"{name}.html" if len(runs) <= MOST_IN_NAME else f"{kind}_of_{len(runs)}_runs_{digest}.html")


def write(uri: str | None, texts: Sequence[str], output: Path | None) -> Path:
    """Write the page that is asked for; returns where it is."""
    from diffusionlab.report.comparison import write_comparison
    from diffusionlab.report.folder import RunContent, folder_of, read_run
    from diffusionlab.report.gallery import write_gallery
    from diffusionlab.report.run_page import REPORT_FILE, write_run_page
    from diffusionlab.report.script_page import page_of, script_in, write_script_page

    def content(text: str) -> RunContent:
        record = find_run(uri, text)
        given = Path(text) if os.path.isfile(Path(text) / RECORD_FILE) else None
        return read_run(record, given or folder_of(record.path, record.run_id))

    def page(run: RunContent) -> Path:
        script = script_in(run.record)
        if script is not None:
            return write_script_page(run.record, script, output or page_of(run.record.run_id))
        return write_run_page(run, output or (run.folder / REPORT_FILE if run.folder else page_name("report", [run])))

    if not texts:
        return write_gallery(Registry(uri), output or GALLERY)[0]
    runs = [content(text) for text in dict.fromkeys(texts)]
    if len(runs) > 1:
        return write_comparison(runs, output or page_name("comparison", runs))
    return page(runs[0])
