"""Samples as numbered files: what was written is what is read."""

import pytest
import torch

from diffusionlab.visualization.numbered import NumberedImages


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_read_as_they_were_written(tmp_path, channels):
    images = torch.randint(0, 256, (11, channels, 5, 7), dtype=torch.uint8)
    files = NumberedImages(tmp_path / "new")
    for batch in images.split(4):
        files.append(batch)
    assert len(files) == 11 and torch.equal(files[torch.tensor([7, 0, 7])], images[[7, 0, 7]])
    assert torch.equal(torch.cat(list(files.split(3))), images)
    files.keep([3, 10])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["00003.png", "00010.png"]
    assert torch.equal(files[torch.tensor([10, 3])], images[[10, 3]])
