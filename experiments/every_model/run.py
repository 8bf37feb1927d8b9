"""Train, resume and sample every model on every real data set, each from the command line; prints the table.

    DIFFUSIONLAB_DATA_DIR=... python experiments/every_model/run.py

What is finished is kept in outputs/every_model/rows.json and not done again: interrupt it as you like.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from diffusionlab.registry.manage.lookup import find_run

ROOT = Path(__file__).parents[2]
FOLDER = "outputs/every_model"
REGISTRY = f"{FOLDER}/registry"  # of its own, so that the latest run is the one just made
BATCHES = {  # of one epoch; the second epoch comes after the resume. Few for what is dear on a CPU
    "autoencoder": 200,
    "latent_unet": 100,
    "conditional_latent_unet": 100,
    "conditional_unet": 100,
    "efficient_unet": 50,
    "simple_unet": 30,
    "attention_unet": 12,
    "linear_attention_unet": 12,
}
DATA = ("fashion_mnist", "cifar_catdog")
AUTOENCODER = [  # the settings of model=autoencoder above, so that its run is found and taken
    "codec.autoencoder.trainer.max_epochs=2",
    "+codec.autoencoder.trainer.limit_train_batches=200",
]


def run(script: str, *arguments: str) -> None:
    print("$ python", script, *arguments, flush=True)
    subprocess.run(
        [sys.executable, script, *arguments, f"registry.uri={REGISTRY}"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def measure(model: str, data: str, batch_size: int) -> dict[str, Any]:
    """One row of the table; raises CalledProcessError where a command fails."""
    batches = BATCHES[model]
    settings = [f"model={model}", f"data={data}", f"data.batch_size={batch_size}", "data.num_val=1000"]
    settings += ["callbacks=quiet", f"trainer.limit_train_batches={batches}", f"paths.runs_dir={FOLDER}"]
    settings += AUTOENCODER if "latent" in model else []
    run("train.py", *settings, "trainer.max_epochs=1")
    half = find_run(REGISTRY, "latest")
    run("train.py", *settings, "trainer.max_epochs=2", "ckpt_path=last")
    whole = find_run(REGISTRY, "latest")
    if whole.run_id != half.run_id or whole.status != "finished":
        raise RuntimeError(f"{model} was not resumed: {half.run_id}, then {whole.run_id} {whole.status}")
    if model != "autoencoder":
        run("sample.py", f"run={whole.run_id}", "num_samples=20", f"output_dir={FOLDER}/{data}_{model}")
    return {
        "model": model,
        "data": data,
        "parameters": whole.num_parameters,
        "images": 2 * batches * batch_size,
        "seconds": whole.seconds,
        "half": half.metrics.get("val_loss"),
        "whole": whole.metrics.get("val_loss"),
        "parent": whole.parent_run,
        "psnr": whole.metrics.get("psnr"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=64)
    batch_size = parser.parse_args().batch_size
    kept = ROOT / FOLDER / "rows.json"
    rows = json.loads(kept.read_text()) if kept.exists() else []
    done = {(row["model"], row["data"]) for row in rows}
    for model in BATCHES:
        for data in DATA:
            if (model, data) not in done:
                rows.append(measure(model, data, batch_size))
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(rows, indent=1))
    print("| model | data | parameters | images seen | val loss at half | at the end | seconds | autoencoder |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for row in rows:
        note = f"PSNR {row['psnr']:.1f} dB" if row["psnr"] else f"`{row['parent'][-6:]}`" if row["parent"] else ""
        losses = f"{row['half']:.4f} | {row['whole']:.4f}"
        print(f"| `{row['model']}` | `{row['data']}` | {row['parameters']:,} | {row['images']:,} | {losses} "
              f"| {row['seconds']:.0f} | {note} |")  # fmt: skip


if __name__ == "__main__":
    main()
