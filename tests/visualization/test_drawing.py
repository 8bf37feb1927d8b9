"""What a picture shows is what it was given: properties of the drawing, without any run."""

import io
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from diffusionlab.diffusion import CosineSchedule, EDMSchedule, LinearSchedule, SigmoidSchedule
from diffusionlab.errors import UsageError
from diffusionlab.visualization.animation import animate, save_gif
from diffusionlab.visualization.catalogue import PICTURES, as_override, find_picture, listing
from diffusionlab.visualization.forward import forward_process, unit_variance
from diffusionlab.visualization.interpolation import slerp
from diffusionlab.visualization.losses import LearningCurve, learning_curves
from diffusionlab.visualization.maps import flat_map, neighbour_agreement, scatter_by_class
from diffusionlab.visualization.schedules import schedule_curves, shares_and_snr
from diffusionlab.visualization.style import new_figure, save_figure
from diffusionlab.visualization.tables import ENLARGED, GAP, image_table, mosaic, tiled

SCHEDULES = [CosineSchedule(), LinearSchedule(), SigmoidSchedule(), EDMSchedule()]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_the_forward_process_goes_from_the_image_to_noise_of_unit_variance(schedule):
    x0, noise = torch.rand(1, 3, 32, 32) * 2 - 1, torch.randn(1, 3, 32, 32)
    t = torch.tensor(schedule.times(7)[::-1])
    strip = unit_variance(forward_process(x0, noise, schedule, t), schedule, t)
    torch.testing.assert_close(strip[0], x0[0])
    assert strip[-1].std().item() == pytest.approx(1, abs=0.05)
    assert torch.corrcoef(torch.stack([strip[-1].flatten(), noise.flatten()]))[0, 1] > 0.98
    for row, time in enumerate(t.tolist()):
        alpha, sigma = schedule.at(time)
        expected = (alpha * x0[0] + sigma * noise[0]) / np.hypot(alpha, sigma)
        torch.testing.assert_close(strip[row], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_shares_of_signal_and_noise_make_a_whole_and_the_snr_falls(schedule):
    signal, noise, snr = shares_and_snr(schedule, torch.arange(1, 1001) / 1000)
    torch.testing.assert_close(signal**2 + noise**2, torch.ones_like(signal))
    torch.testing.assert_close(snr.double(), (signal / noise) ** 2, rtol=1e-5, atol=0)
    assert (snr.diff() < 0).all()


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_slerp_goes_between_the_samples_with_the_norm_and_the_angle_of_its_share(seed, share):
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(2, 1, 6, 6, generator=generator) for _ in range(2))
    between = slerp(a, b, share)
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)
    torch.testing.assert_close(slerp(b, a, 1 - share), between)
    norms = [value.flatten(1).norm(dim=1) for value in (a, b, between)]
    torch.testing.assert_close(norms[2], (1 - share) * norms[0] + share * norms[1])

    def angle(u, v):
        return torch.cosine_similarity(u.flatten(1).double(), v.flatten(1).double()).clamp(-1, 1).acos()

    torch.testing.assert_close(angle(a, between), share * angle(a, b), atol=1e-3, rtol=1e-3)


def test_no_label_of_the_schedules_shows_its_markup():
    figure = schedule_curves(
        {"cosine": CosineSchedule()}, {"a": torch.zeros(3, 1, 8, 8, dtype=torch.uint8)}, num_steps=9
    )
    figure.savefig(io.BytesIO())
    shown = [text.get_text() for text in figure.findobj(Text) if text.get_visible()]
    assert "0.001" in shown and not any("$" in text for text in shown)


def test_slerp_between_equals_stays():
    a = torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(slerp(a, a, 0.3), a)


def test_a_mosaic_has_every_pixel_in_its_place_and_white_between():
    images = torch.arange(6, dtype=torch.uint8).mul(40).view(2, 3, 1, 1, 1).repeat(1, 1, 3, 5, 4)
    canvas = mosaic(images)
    assert canvas.shape == (2 * 5 * ENLARGED + GAP, 3 * 4 * ENLARGED + 2 * GAP, 3)
    tall, wide = 5 * ENLARGED + GAP, 4 * ENLARGED + GAP
    assert [[int(canvas[row * tall + 3, column * wide + 3, 0]) for column in range(3)] for row in range(2)] == [
        [0, 40, 80],
        [120, 160, 200],
    ]
    assert (canvas[5 * ENLARGED : tall] == 255).all() and (canvas[:, 4 * ENLARGED : wide] == 255).all()


def test_a_tile_holds_its_images_row_by_row():
    images = torch.randint(0, 256, (6, 3, 4, 5), dtype=torch.uint8)
    tile = tiled(images, 3)
    assert tile.shape == (3, 9, 17) and (tile[:, 4] == 255).all() and (tile[:, :, 5] == 255).all()
    for number, image in enumerate(images):
        row, column = divmod(number, 3)
        assert torch.equal(tile[:, 5 * row :, 6 * column :][:, :4, :5], image)


def test_a_figure_is_saved_twice_and_says_what_it_is(tmp_path):
    images = torch.randint(0, 256, (2, 3, 1, 8, 8), dtype=torch.uint8)
    figure = image_table(images, title="A & B", row_labels=["one", "two"], column_labels=list("abc"))
    paths = save_figure(figure, tmp_path / "x", ("png", "svg"), title="A & B", caption="what <is> seen")
    assert [path.name for path in paths] == ["x.png", "x.svg"] == sorted(path.name for path in tmp_path.iterdir())
    with Image.open(paths[0]) as png:
        assert png.info["Description"] == "what <is> seen" and np.asarray(png.convert("L")).std() > 10
    svg = paths[1].read_text()
    assert ">two</text>" in svg and "what &lt;is&gt; seen" in svg and "<is>" not in svg


def test_the_same_figure_is_the_same_file(tmp_path):
    def drawn(name):
        figure = new_figure("title", 2)
        figure.add_subplot().plot([1, 2, 3])
        return [
            path.read_bytes() for path in save_figure(figure, tmp_path / name, ("png", "svg"), title="", caption="")
        ]

    assert drawn("a") == drawn("b")


def test_a_gif_has_its_frames_loops_and_holds_the_last(tmp_path):
    steps = [torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8) for _ in range(5)]
    animation = animate(steps, [1, 0.7, 0.5, 0.2, 0], ["a", "b", "c"], title="Walk", columns=2, hold=1500)
    path = save_gif(animation, tmp_path / "walk.gif", caption="how it goes")
    with Image.open(path) as gif:
        assert gif.n_frames == 5 and gif.info["loop"] == 0 and gif.info["comment"] == b"how it goes"
        frames, durations = [], []
        for number in range(5):
            gif.seek(number)
            frames.append(np.asarray(gif.convert("L")))
            durations.append(gif.info["duration"])
    assert durations == [150] * 4 + [1500]
    assert all((before != after).any() for before, after in pairwise(frames))
    drawn = np.stack([np.asarray(frame.convert("L")) for frame in animation.frames])
    moving = (drawn != drawn[0]).any(axis=0)[26:]  # below the heading nothing moves but the images
    assert 3 * 56**2 * 0.9 < moving.sum() <= 3 * 56**2


def test_a_map_keeps_what_is_apart_apart():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 30)
    features = generator.normal(size=(60, 80)) + 8 * labels[:, None]
    points = flat_map(features, perplexity=30, seed=0)
    assert points.shape == (60, 2)
    assert neighbour_agreement(features, labels) == neighbour_agreement(points, labels) == 1
    assert neighbour_agreement(generator.normal(size=(60, 5)), generator.permutation(labels)) < 0.8


def test_names_on_a_map_do_not_cover_each_other_and_ten_classes_have_ten_colours():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    names = [f"a class called {number}" for number in range(10)]
    figure = scatter_by_class(generator.normal(size=(200, 2)), labels, names, title="all in one cloud")
    figure.savefig(io.BytesIO())
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 10 and not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    assert len({tuple(points.get_facecolor()[0, :3]) for points in figure.axes[0].collections}) == 10
    assert not legend.get_window_extent().overlaps(figure.axes[0].get_window_extent())


def test_curves_of_several_runs_are_told_apart():
    def curve(name):
        steps = np.array([[1, 0.6], [2, 0.3]])
        return LearningCurve(name, steps, np.array([[1, 0.5], [2, 0.4]]), np.array([[2, 0.45]]))

    figure = learning_curves([curve("a"), curve("b")], title="")
    lines = figure.axes[0].get_lines()
    kinds = ("each step", "training", "held out")
    assert [line.get_label() for line in lines] == [f"{name}, {kind}" for name in "ab" for kind in kinds]
    assert len({line.get_color() for line in lines[:3]}) == 1 and lines[2].get_color() != lines[3].get_color()
    figure.savefig(io.BytesIO())
    assert not figure.legends[0].get_window_extent().overlaps(figure.axes[0].get_window_extent())


def test_the_catalogue_lists_and_finds_every_picture():
    names = [picture.name for picture in PICTURES]
    assert len(set(names)) == len(names)
    for picture in PICTURES:
        assert find_picture(picture.name) is picture and f"  {picture.name} " in listing()
        assert picture.caption.endswith(".") and as_override(picture.name) == f"what={picture.name}"
    assert as_override("all") == "what=all"
    assert [as_override(word) for word in ("run=latest", "--help", "what=gif")] == ["run=latest", "--help", "what=gif"]
    with pytest.raises(UsageError, match="did you mean guidance"):
        as_override("guidence")
    with pytest.raises(UsageError, match="choose from forward, schedules"):
        as_override("xyz")
