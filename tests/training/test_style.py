"""A second label beside the class, from the settings to the samples."""

import pytest
import torch

from diffusionlab.diffusion import CosineSchedule, Denoiser, DenoisingLoss, Epsilon, Labels
from diffusionlab.errors import UsageError
from diffusionlab.runs.checkpoint import load_model

STYLED = ("condition.style=ink", "data.num_train=64")


@pytest.mark.parametrize(
    "model", [("model=conditional_unet",), ("model=conditional_latent_unet", "codec.autoencoder.trainer.max_epochs=1")]
)
def test_a_styled_run_trains_in_both_spaces_and_knows_its_styles(lab, model):
    folder = lab.train(*STYLED, *model)
    model = load_model(folder, "cpu")
    assert model.network.null_labels == (10, 3)
    assert model.settings.condition.style_names == ("light", "regular", "bold")
    assert (folder / "samples/latest.png").is_file()


def test_a_model_without_labels_refuses_a_style(lab):
    with pytest.raises(UsageError, match="model=conditional_unet"):
        lab.train(*STYLED, "model=attention_unet")
    with pytest.raises(UsageError, match="ink, brightness, size, csv"):
        lab.train("condition.style=inkk")


@pytest.mark.parametrize(("label_dropout", "style_dropout"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.4), (0.3, 0.4)])
def test_label_dropout_hides_both_and_style_dropout_the_style_alone(label_dropout, style_dropout):
    seen = []
    denoiser = Denoiser(lambda x, time, *labels: seen.append(labels) or x, CosineSchedule(), Epsilon())
    label, style = torch.arange(8000) % 10, torch.arange(8000) % 3
    loss = DenoisingLoss(label_dropout=label_dropout, style_dropout=style_dropout)
    loss(denoiser, torch.zeros(8000, 1, 2, 2), Labels(label, style, (10, 3)), training=True)
    no_label, no_style = (given == null for given, null in zip(seen[0], (10, 3), strict=True))
    assert no_label.float().mean().item() == pytest.approx(label_dropout, abs=0.03)
    assert bool(no_style[no_label].all())
    assert no_style[~no_label].float().mean().item() == pytest.approx(style_dropout, abs=0.03)
    assert torch.equal(seen[0][1][~no_style], style[~no_style])
