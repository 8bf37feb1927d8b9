"""Where value ranges change."""

import pytest
import torch

from diffusionlab import tensors


def test_every_grey_level_survives_the_round_trip():
    levels = torch.arange(256, dtype=torch.uint8)
    floats = tensors.to_float(levels)
    assert floats.dtype == torch.float32 and floats[0] == -1 and floats[-1] == 1
    assert torch.equal(tensors.to_uint8(floats), levels)
    assert torch.equal(tensors.to_uint8(floats.double()), levels)


def test_the_input_is_left_alone():
    levels = torch.arange(4, dtype=torch.uint8)
    floats = tensors.to_float(levels)
    tensors.to_uint8(floats)
    assert levels.tolist() == [0, 1, 2, 3] and floats.tolist() == tensors.to_float(levels).tolist()


def test_values_are_clamped_and_rounded_to_the_nearest_level():
    third = 3 / 127.5 - 1
    values = torch.tensor(
        [-7.0, 9.0, -float("inf"), float("inf"), float("nan"), third + 0.4 / 127.5, third - 0.4 / 127.5]
    )
    assert tensors.to_uint8(values).tolist() == [0, 255, 0, 255, 0, 3, 3]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_in_float32(dtype):
    values = torch.linspace(-1, 1, 100).to(dtype)
    assert torch.equal(tensors.to_uint8(values), tensors.to_uint8(values.float()))


def test_a_wrong_type_is_refused():
    with pytest.raises(ValueError, match="expected uint8"):
        tensors.to_float(torch.zeros(2))
    with pytest.raises(ValueError, match="expected float"):
        tensors.to_uint8(torch.zeros(2, dtype=torch.uint8))
