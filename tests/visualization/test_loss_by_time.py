"""The loss by time: what is recorded in training, kept over a stop, and said in a sentence."""

import csv

import numpy as np
import pytest
import torch

from diffusionlab.errors import TrainingInterrupted
from diffusionlab.training.callbacks.loss_by_time import binned
from diffusionlab.visualization.loss_table import LossTable, read_loss_table, write_epoch
from diffusionlab.visualization.losses import loss_by_time, shares, where_the_loss_sits


def table_of(thirds, counts=(10, 10, 10)):
    """One epoch whose mean errors in the thirds of t are these."""
    per_bin = np.repeat(np.array(counts, dtype=float) / 2, 2)[None]
    return LossTable(np.array([3]), np.repeat(np.array(thirds, dtype=float), 2)[None] * per_bin, per_bin)


@pytest.mark.parametrize("num_steps", [300, 1000, 48])
def test_bins_hold_equally_many_steps_and_all_of_the_error(num_steps):
    t = torch.arange(1, num_steps + 1) / num_steps
    error = torch.rand(num_steps)
    sums, counts = binned(error, t, 48 if num_steps == 48 else 12)
    assert counts.max() - counts.min() <= 1 and counts.sum() == num_steps
    assert sums.sum().item() == pytest.approx(error.double().sum().item())
    thirds = [error[(t > low / 3) & (t <= low / 3 + 1 / 3 + 1e-6)].sum().item() for low in range(3)]
    assert sums.view(3, -1).sum(dim=1).tolist() == pytest.approx(thirds, rel=1e-5)


def test_a_table_survives_its_file_and_an_epoch_done_again_replaces_what_follows(tmp_path):
    path = tmp_path / "logs/loss.csv"
    write_epoch(path, 1, [4.0, 0.0, 6.0], [2, 0, 3])
    write_epoch(path, 2, [1.0, 1.0, 1.0], [1, 1, 1])
    write_epoch(path, 3, [9.0, 9.0, 9.0], [1, 1, 1])
    write_epoch(path, 2, [3.0, 2.0, 1.0], [1, 2, 1])
    table = read_loss_table(path)
    assert table.epochs.tolist() == [1, 2] and table.edges.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(table.means, [[2, np.nan, 2], [3, 1, 1]])
    np.testing.assert_allclose(table.epoch_means(), [2, 1.5])
    assert [file.name for file in path.parent.iterdir()] == ["loss.csv"]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "epoch,t_from,t_to,num_samples,mean_error\n1,0,1,many,2\n"])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "loss.csv").write_text(content)
    with pytest.raises(ValueError, match=r"loss\.csv"):
        read_loss_table(tmp_path / "loss.csv")


@pytest.mark.parametrize(("thirds", "name"), [((3, 1, 1), "early"), ((1, 3, 1), "mid"), ((1, 1, 3), "late")])
def test_the_sentence_names_the_third_with_the_largest_share(thirds, name):
    sentence = where_the_loss_sits(table_of(thirds))
    assert f"In epoch 3 the {name} third" in sentence and "60% of the loss, with 33% of the samples" in sentence


def test_a_share_counts_samples_as_well_as_errors():
    table = table_of((1, 1, 2), counts=(80, 10, 10))
    np.testing.assert_allclose(shares(table), [[80 / 110, 10 / 110, 20 / 110]])
    assert "early third" in where_the_loss_sits(table)


def test_the_picture_has_a_line_for_each_third_and_the_sentence():
    table = table_of((3, 1, 1))
    figure = loss_by_time(table, title="")
    assert [line.get_ydata().tolist() for line in figure.axes[0].get_lines()] == [[3], [1], [1]]
    assert figure.get_supxlabel().replace("\n", " ") == where_the_loss_sits(table)


def test_a_run_writes_what_it_logs(lab):
    folder = lab.train("trainer.max_epochs=2")
    table = read_loss_table(folder / "logs/loss_by_time.csv")
    with (folder / "logs/version_0/metrics.csv").open() as file:
        logged = [float(row["train/loss_epoch"]) for row in csv.DictReader(file) if row["train/loss_epoch"]]
    assert table.epochs.tolist() == [1, 2] and (table.counts.sum(axis=1) == 32).all()
    np.testing.assert_allclose(table.epoch_means(), logged, rtol=1e-5)  # the weighting is uniform


def test_a_run_stopped_inside_an_epoch_writes_what_the_whole_one_would_have(lab):
    settings = ("data.num_train=64", "trainer.max_epochs=2")
    whole = lab.train(*settings, name="whole")
    stop = (
        "+callbacks.stop._target_=tests.training.test_resume.SignalAt",
        "+callbacks.stop.step=3",  # the first of the second epoch's three
        "+callbacks.stop.number=2",
    )
    with pytest.raises(TrainingInterrupted):
        lab.train(*settings, *stop, "name=parts", name="parts")
    parts = lab.train(*settings, "name=parts", "ckpt_path=last", name="parts")
    file = "logs/loss_by_time.csv"
    assert (whole / file).read_text() == (parts / file).read_text()
