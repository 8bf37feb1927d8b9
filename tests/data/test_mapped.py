"""Images in a file beside the same in memory."""

import threading

import numpy as np
import pytest
import torch

from diffusionlab.data.ahead import made_ahead
from diffusionlab.data.mapped import MappedImages, open_images, parts, write_images


@pytest.fixture
def both(tmp_path) -> tuple[MappedImages, torch.Tensor]:
    images = torch.randint(0, 256, (11, 3, 4, 5), dtype=torch.uint8)
    with (tmp_path / "images.npy").open("wb") as file:
        write_images(file, [part.numpy() for part in images.split(4)], tuple(images.shape))
    mapped = open_images(tmp_path / "images.npy", tuple(images.shape))
    assert mapped is not None
    return mapped, images


@pytest.mark.parametrize(
    "rows",
    [
        3, -1, slice(None), slice(2, 9, 3), torch.tensor([4, 0, 4]), torch.tensor([[1, 2], [3, 4]]),
        torch.arange(11) % 2 == 0, torch.tensor([], dtype=torch.int64),
    ],
)  # fmt: skip
def test_rows_are_those_of_the_tensor(both, rows):
    mapped, images = both
    assert torch.equal(mapped[rows], images[rows])


def test_a_selection_of_a_selection(both):
    mapped, images = both
    rows, mask = torch.tensor([9, 2, 5, 7]), torch.tensor([True, False, True, True])
    chosen = mapped.select(rows).select(mask)
    assert chosen.shape == (3, 3, 4, 5) and torch.equal(chosen[:], images[rows][mask])
    assert torch.equal(chosen.joined(mapped)[:], torch.cat([images[rows][mask], images]))
    assert torch.equal(torch.cat(list(parts(chosen))), chosen[:])
    assert [len(part) for part in mapped.split(4)] == [4, 4, 3]
    assert all(torch.equal(one, other) for one, other in zip(mapped, images, strict=True))


def test_what_is_read_can_be_changed_and_the_file_stays(both):
    mapped, images = both
    mapped[2:4].zero_()
    assert torch.equal(mapped[:], images)


def test_work_ahead_is_in_order_and_never_far_ahead():
    """Each item waits for its predecessors to be taken, so that few results are in memory at a time."""
    begun, taken = [], []

    def make(item: int) -> int:
        begun.append(item)
        return item * item

    for result in made_ahead(make, range(50), workers=3, ahead=4):
        taken.append(result)
        assert len(begun) <= len(taken) + 4
    assert taken == [item * item for item in range(50)]


def test_an_error_comes_in_its_place_and_ends_the_work():
    begun = threading.Event()

    def make(item: int) -> float:
        if item == 40:
            begun.set()
        return 1 / (item - 3)

    results = made_ahead(make, range(50), ahead=2)
    assert [next(results) for _ in range(3)] == [1 / -3, 1 / -2, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not begun.is_set() and list(results) == []


def test_an_image_file_is_plain_numpy(both, tmp_path):
    assert np.array_equal(np.load(tmp_path / "images.npy"), both[1].numpy())
