"""Train with and without loss.clip_weight at equal budget, three seeds each, and let another network judge.

    DIFFUSIONLAB_DATA_DIR=... python experiments/clip_guidance/run.py

Below outputs/clip_guidance: a CLIP of the data set first, then the runs; what is done is not done again, so interrupt
it as you like. The judge is the classifier of `evaluate.py`, which has never seen the CLIP. Prints the table.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

from PIL import Image

from diffusionlab.registry.filters.conditions import Compare
from diffusionlab.registry.record.run_record import RunRecord
from diffusionlab.registry.storage.table import Registry

ROOT = Path(__file__).parents[2]
FOLDER = "outputs/clip_guidance"
REGISTRY = f"{FOLDER}/registry"
SEEDS = (0, 1, 2)
WEIGHTS = ("null", "0.1")
BUDGET = ("data.batch_size=64", "optimizer.lr=2e-3", "lr_warmup_steps=50", "ema_decay=0.99", "sampler=dpmpp_2m")
JUDGING = ("sampler=dpmpp_2m", "sampler.num_steps=20", "guidance_scale=2", "features=classifier", "per_class=false")
JUDGED = "DPMSolverPP2M 20 steps, guidance 2"  # how their protocol ends


def run(script: str, *arguments: str) -> None:
    """One command of the lab, shown as it could be typed; raises CalledProcessError where it fails."""
    print("$ python", script, *arguments, flush=True)
    place = f"paths.runs_dir={FOLDER}" if script == "train.py" else f"cache_dir={FOLDER}/cache"
    command = [sys.executable, script, *arguments, f"registry.uri={REGISTRY}", place]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def finished(name: str) -> RunRecord | None:
    """The finished run of this name, if there is one."""
    registry = Registry(ROOT / REGISTRY)
    if not registry.exists():
        return None
    found = registry.records(Compare("name", "=", name) & Compare("status", "=", "finished"))
    return found[0] if found else None


def trained(name: str, *settings: str) -> RunRecord:
    """The run of this name, trained now if it is not."""
    if finished(name) is None:
        run("train.py", f"name={name}", "callbacks=quiet", *settings)
    record = finished(name)
    assert record is not None
    return record


def judgement(record: RunRecord, num_samples: int) -> dict[str, float | None] | None:
    """The figures of the run under the protocol of this study, among all it was judged by; None where it was not."""
    of_study = (p for p in record.evaluations if f" {num_samples} samples " in p and p.endswith(JUDGED))
    protocol = next(of_study, None)
    return None if protocol is None else record.evaluations[protocol]


def draw_pair(records: list[RunRecord], target: Path) -> None:
    """The last sample grid of each run, below each other."""
    grids = [Image.open(Path(record.path or "") / "samples" / "latest.png") for record in records]
    height = sum(grid.height for grid in grids) + 8 * (len(grids) - 1)
    sheet, top = Image.new("RGB", (max(grid.width for grid in grids), height), "white"), 0
    for grid in grids:
        sheet.paste(grid, (0, top))
        top += grid.height + 8
    sheet.save(target)


def main() -> None:
    """All runs, then the table, and the picture of the first seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion_mnist")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--clip", help="a CLIP run, as one types a run; trained first where none is named")
    requested = parser.parse_args()
    data = f"data={requested.data}"
    clip = requested.clip or trained("clip", "model=clip", data).run_id
    rows: dict[str, list[dict[str, float | None]]] = {weight: [] for weight in WEIGHTS}
    for seed in SEEDS:
        for weight in WEIGHTS:
            budget = (*BUDGET, "trainer.max_epochs=1", f"trainer.limit_train_batches={requested.steps}", f"seed={seed}")
            clip_options = () if weight == "null" else (f"loss.clip_weight={weight}", f"clip.run={clip}")
            record = trained(f"clip_weight_{weight}_seed_{seed}", data, *budget, *clip_options)
            if (figures := judgement(record, requested.samples)) is None:
                run("evaluate.py", f"run={record.run_id}", f"num_samples={requested.samples}", *JUDGING)
                figures = judgement(trained(record.name), requested.samples) or {}
            rows[weight].append({"val_loss": record.metrics["val_loss"], **figures})
    pair = [trained(f"clip_weight_{weight}_seed_{SEEDS[0]}") for weight in WEIGHTS]
    draw_pair(pair, ROOT / FOLDER / f"seed_{SEEDS[0]}.png")
    (ROOT / FOLDER / "rows.json").write_text(json.dumps(rows, indent=1))
    print_table(rows)


def print_table(rows: dict[str, list[dict[str, float | None]]]) -> None:
    """Mean and standard deviation over the seeds, a column a weight."""
    print("| | " + " | ".join(f"clip_weight={weight}" for weight in rows) + " |")
    print("| --- |" + " ---: |" * len(rows))
    for metric in rows[WEIGHTS[0]][0]:
        cells = []
        for of_weight in rows.values():
            values = [row[metric] for row in of_weight]
            known = [value for value in values if value is not None]
            cells.append(f"{mean(known):.4g} ± {stdev(known):.2g}" if len(known) > 1 else "")
        print(f"| {metric} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
