"""metrics.csv -> series -> a chart."""

import math
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from diffusionlab.report.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, chart
from diffusionlab.report.curves import read_curves, thinned
from diffusionlab.report.run_page import charts

series = st.dictionaries(
    st.integers(0, 10**6), st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=900
).map(lambda points: sorted(points.items()))


def write(folder: Path, version: int, text: str) -> None:
    (folder / f"logs/version_{version}").mkdir(parents=True)
    (folder / f"logs/version_{version}/metrics.csv").write_text(text)


def test_a_run_that_went_on_is_one_curve_and_the_later_part_counts(tmp_path: Path):
    write(tmp_path, 0, "epoch,step,val/loss\n0,10,5\n1,20,4\n2,30,3\n")
    write(tmp_path, 10, "epoch,step,val/loss\n2,40,1\n")
    write(tmp_path, 2, "epoch,step,val/loss,new\n1,20,2,\n1,25,nan,7\n2,30,1.5,\n")
    assert read_curves(tmp_path) == {"val/loss": [(10, 5), (20, 2), (30, 1.5), (40, 1)], "new": [(25, 7)]}


def test_a_line_that_is_being_written_is_no_error(tmp_path: Path):
    write(tmp_path, 0, "epoch,step,val/loss\n0,10,5\n1,20,inf\n1,x,3\n1,3")
    assert read_curves(tmp_path) == {"val/loss": [(10, 5)]}
    write(tmp_path, 1, "")
    assert read_curves(tmp_path) == {"val/loss": [(10, 5)]}
    assert read_curves(tmp_path / "nowhere") == {}


def test_a_mean_stands_in_the_middle_of_its_epoch_and_what_is_measured_at_its_end_there(tmp_path: Path):
    write(tmp_path, 0, "epoch,step,train/loss_epoch,train/loss_t_low,val/loss\n0,9,5,7,6\n1,19,4,3,2\n2,25,1,1,1\n")
    assert read_curves(tmp_path) == {
        "train/loss_epoch": [(4, 5), (14, 4), (22, 1)],
        "train/loss_t_low": [(4, 7), (14, 3), (22, 1)],
        "val/loss": [(9, 6), (19, 2), (25, 1)],
    }


@given(series)
def test_thinning_keeps_the_mean_and_the_order(points: list[tuple[int, float]]):
    thin = thinned(points, most=50)
    assert len(thin) <= 50 and thin == sorted(thin)
    if len(points) <= 50:
        assert thin == points
    if len(points) % 50 == 0:
        mean = sum(value for _, value in points) / len(points)
        assert math.isclose(sum(value for _, value in thin) / len(thin), mean, rel_tol=1e-6, abs_tol=1e-3 * 1e38)
    low, high = min(value for _, value in points), max(value for _, value in points)
    assert all(low - abs(low) * 1e-9 <= value <= high + abs(high) * 1e-9 for _, value in thin)


@given(st.lists(series, min_size=1, max_size=3))
def test_every_point_lies_inside_and_higher_values_lie_higher(several: list[list[tuple[int, float]]]):
    drawn = chart("loss", [Line(str(number), points) for number, points in enumerate(several)])
    assert drawn is not None
    marks = [mark for path in drawn.paths for mark in path.marks]
    for x, y, _, _ in marks:
        assert LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM
    by_value = sorted(marks, key=lambda mark: mark[3])
    assert all(a[1] >= b[1] - 0.2 for a, b in pairwise(by_value))
    assert 2 <= len(drawn.y_ticks) <= 12
    places = [place for place, _ in drawn.y_ticks]
    assert places == sorted(places, reverse=True) and all(TOP <= place <= HEIGHT - BOTTOM for place in places)


def test_ticks_are_round_and_the_scale_fits_the_span():
    linear = chart("loss", [Line("a", [(0, 0.5), (1000, 0.9)])])
    assert linear is not None and not linear.log_scale
    assert [text for _, text in linear.y_ticks] == ["0.5", "0.6", "0.7", "0.8", "0.9"]
    assert [text for _, text in linear.x_ticks] == ["0", "200", "400", "600", "800", "1,000"]
    decades = chart("loss", [Line("a", [(0, 100.0), (20_000, 0.01)])])
    assert decades is not None and decades.log_scale
    assert [text for _, text in decades.y_ticks] == ["0.01", "0.1", "1", "10", "100"]
    assert decades.x_ticks[-1][1] == "20k"
    negative = chart("loss", [Line("a", [(0, -100.0), (1, 0.01)])])
    assert negative is not None and not negative.log_scale
    assert chart("loss", [Line("a", [])]) is None


def test_each_quantity_has_a_chart_and_steps_are_the_background_of_means():
    curve = [(step, 1.0 / (step + 1)) for step in range(5)]
    names = ("val/psnr", "train/loss_t_low", "train/loss_t_high", "train/loss_step", "train/loss_epoch", "val/loss")
    drawn = charts(dict.fromkeys(names, curve))
    assert [one.title for one in drawn] == ["loss", "loss by range of t", "psnr"]
    loss, by_time, _ = drawn
    assert [(line.label, line.faint) for line in loss.lines] == [
        ("train, each step", True), ("train", False), ("validation", False)
    ]  # fmt: skip
    assert loss.lines[0].colour == loss.lines[1].colour != loss.lines[2].colour
    assert [line.label for line in by_time.lines] == ["low t", "high t"]
    (alone,) = charts({"train/loss_step": curve, "train/loss_epoch": curve[:1]})
    assert not alone.lines[0].faint
