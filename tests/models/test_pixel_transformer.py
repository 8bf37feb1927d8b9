"""What is particular to the patch transformer."""

import pytest
import torch

from diffusionlab.models import PixelTransformer
from tests.models.networks import TRANSFORMER, awaken


def test_a_fresh_network_sees_only_its_own_patch_and_no_condition() -> None:
    """adaLN-Zero: every block starts as the identity."""
    network = PixelTransformer(**TRANSFORMER, num_classes=3).eval()
    x, time = torch.randn(1, 2, 8, 8), torch.tensor([5.0])
    changed = x.clone()
    changed[:, :, :2, :2] += 1
    difference = (network(x, time) - network(changed, time)).abs().sum(dim=1)[0]
    assert difference[:2, :2].min() > 0 and difference[2:].max() == difference[:, 2:].max() == 0
    torch.testing.assert_close(network(x, time), network(x, time + 500, label=torch.tensor([1])))


def test_a_trained_network_sees_everything() -> None:
    network = awaken(PixelTransformer(**TRANSFORMER)).eval()
    x, time = torch.randn(1, 2, 8, 8), torch.tensor([5.0])
    changed = x.clone()
    changed[:, :, 0, 0] += 1
    assert ((network(x, time) - network(changed, time)).abs() > 0).all()


def test_patches_that_do_not_tile_are_refused_with_one_that_does() -> None:
    with pytest.raises(ValueError, match=r"patches of 5 do not tile 8 pixels: model\.patch_size=4"):
        PixelTransformer(**{**TRANSFORMER, "patch_size": 5})
