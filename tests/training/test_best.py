"""`callbacks=best` keeps the checkpoint with the best figure, to be sampled, and stops a run that stands still."""

import csv
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diffusionlab.errors import UsageError
from diffusionlab.runs.checkpoint import load_model, saved_step
from diffusionlab.runs.resume import choose_checkpoint
from diffusionlab.runs.run import Run
from tests.conftest import Lab

OFTEN = (
    *("callbacks=best", "callbacks.figures.num_samples=20", "callbacks.figures.every_n_epochs=1"),
    *("callbacks.sample_grid=null", "callbacks.panels=null"),
)


def figures_of(folder: Path) -> list[tuple[int, float]]:
    with next((folder / "logs").rglob("metrics.csv")).open() as file:
        return [(int(row["step"]) + 1, float(row["eval/fid"])) for row in csv.DictReader(file) if row.get("eval/fid")]


def test_the_best_is_kept_beside_the_last_and_can_be_sampled(lab: Lab):
    folder = lab.train(*OFTEN, "optimizer.lr=0.03", "trainer.max_epochs=4")
    best_step, _ = min(figures_of(folder), key=lambda each: each[1])
    assert saved_step(folder, "best") == best_step
    chosen = choose_checkpoint("last", folder)
    assert chosen is not None and chosen.path.name == "last.ckpt" and chosen.step == 8
    for name in ("best", "last"):
        content = torch.load(folder / f"checkpoints/{name}.ckpt", weights_only=True)
        for key, tensor in load_model(folder, "cpu", checkpoint=name).network.state_dict().items():
            assert torch.equal(tensor, content["state_dict"][f"ema.network.{key}"])
    weights = load_file(folder / "weights.safetensors")  # the latest, although the best was saved too
    assert all(
        torch.equal(tensor, weights[name]) for name, tensor in load_model(folder, "cpu").network.state_dict().items()
    )
    assert Run(folder, device="cpu", checkpoint="best").sample(2, num_steps=2).shape == (2, 1, 28, 28)


def test_a_run_whose_figure_stands_still_stops_and_says_so(lab: Lab, caplog: pytest.LogCaptureFixture):
    patience = ("callbacks.early_stop.patience=2", "callbacks.early_stop.min_delta=1e9", "trainer.max_epochs=20")
    with caplog.at_level("INFO"):
        folder = lab.train(*OFTEN, *patience)
    assert len(figures_of(folder)) == 3  # the first, and two that were no better
    assert "stopped early" in caplog.text and "eval/fid" in caplog.text
    assert lab.record().status == "finished" and lab.record().epochs == 3


def test_a_checkpoint_that_is_not_there_is_one_line(lab: Lab):
    folder = lab.train()
    with pytest.raises(UsageError, match="callbacks=best"):
        load_model(folder, "cpu", checkpoint="best")
    with pytest.raises(UsageError, match="callbacks=best"):
        load_model(folder, "cpu", checkpoint="../../../a")
    (folder / "checkpoints/best.ckpt").write_bytes(b"rubbish")
    with pytest.raises(UsageError, match="not a readable checkpoint"):
        load_model(folder, "cpu", checkpoint="best")
    with pytest.raises(UsageError, match="omit it"):
        load_model(folder, "cpu", checkpoint="last", ema=0.1)
