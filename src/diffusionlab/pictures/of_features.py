"""A map of test images by what the model makes of them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffusionlab.diffusion import LatentCodec
from diffusionlab.errors import UsageError
from diffusionlab.pictures.loaded_run import Drawn, LoadedRun, Wish
from diffusionlab.visualization.maps import flat_map, neighbour_agreement, scatter_by_class

NOISE_TIME = 0.1
"""The diffusion time at which the network is asked: it was never trained on images without any noise."""


def tsne(runs: Sequence[LoadedRun], wish: Wish) -> Drawn:
    """t-SNE of the latents of a latent run, else of the network's bottleneck."""
    (run,) = runs
    images = run.images(wish.num_points)
    if len(images) < 10:
        raise UsageError(f"tsne needs at least 10 test images, and the data have {len(images)}")
    if isinstance(run.model.codec, LatentCodec):
        features, what = torch.cat([run.encode(batch) for batch in images.images.split(250)]), "the latents"
    else:
        features, what = bottleneck(run, images.images), f"the bottleneck of the network at t = {NOISE_TIME}"
    values = features.flatten(1).cpu().numpy()
    points = flat_map(values, perplexity=wish.perplexity, seed=wish.seed)
    labels = images.labels.numpy()
    names = run.class_names or ["all"]
    figure = scatter_by_class(points, labels, names, title=f"t-SNE of {what}")
    note = f"Of {len(labels):,} images {neighbour_agreement(values, labels):.0%} have one of their own class nearest"
    by_chance = float(np.square(np.bincount(labels) / len(labels)).sum())
    return Drawn(figure, f"{note} in {what}, by chance it would be {by_chance:.0%}.")


@torch.no_grad()
def bottleneck(run: LoadedRun, images: Tensor) -> Tensor:
    """(N, ...) what comes out of the middle of the U-Net, images (N, channels, H, W) uint8, no label told."""
    model, seen = run.model, []
    t = min(model.denoiser.schedule.times(10)[:-1], key=lambda time: abs(time - NOISE_TIME))
    middle = model.network.get_submodule("middle")
    hook = middle.register_forward_hook(lambda module, arguments, output: seen.append(output))
    try:
        for batch in images.split(250):
            x0 = run.encode(batch)
            times = torch.full((len(x0),), t, device=run.device)
            alpha = model.denoiser.schedule(times)[0].view(-1, 1, 1, 1)
            nulls = [torch.full((len(x0),), null, device=run.device) for null in model.network.null_labels]
            model.denoiser.output(alpha * x0, times, *nulls)
    finally:
        hook.remove()
    return torch.cat(seen)
