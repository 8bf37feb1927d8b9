"""Maps of images: by what the model makes of them, and of samples among test images."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from diffusionlab.diffusion import LatentCodec
from diffusionlab.errors import UsageError
from diffusionlab.evaluation.features import MakeFeatures, extract
from diffusionlab.gallery.of_sampling import labels_of, sampled_with, samples_of
from diffusionlab.gallery.options import Drawn, PictureOptions
from diffusionlab.runs.run import Run
from diffusionlab.visualization.maps import NO_CLASS, flat_map, nearest_label, neighbour_agreement, scatter_by_class

OF_SAMPLES = "of_samples"
NOISE_TIME = 0.1
"""The diffusion time at which the network is asked: it was never trained on images without any noise."""


def tsne(runs: Sequence[Run], options: PictureOptions) -> Drawn:
    """t-SNE of the latents of a latent run, else of the network's bottleneck; of samples too in features of others."""
    (run,) = runs
    if options.make_features is not None:
        return samples_among_images(run, options, options.make_features)
    images = run.images(options.num_points)
    if len(images) < 10:
        raise UsageError(f"tsne needs at least 10 test images, and the data have {len(images)}")
    if isinstance(run.model.codec, LatentCodec):
        features, what = torch.cat([run.encode(batch) for batch in images.images.split(250)]), "the latents"
    else:
        features, what = bottleneck(run, images.images[:]), f"the bottleneck of the network at t = {NOISE_TIME}"
    values = features.flatten(1).cpu().numpy()
    points = flat_map(values, perplexity=options.perplexity, seed=options.seed)
    labels = images.labels.numpy()
    names = run.class_names or ["all"]
    figure = scatter_by_class(points, labels, names, title=f"t-SNE of {what}")
    note = f"Of {len(labels):,} images {neighbour_agreement(values, labels):.0%} have one of their own class nearest"
    by_chance = float(np.square(np.bincount(labels) / len(labels)).sum())
    return Drawn(figure, f"{note} in {what}, by chance it would be {by_chance:.0%}.")


def samples_among_images(run: Run, options: PictureOptions, make_features: MakeFeatures) -> Drawn:
    """Test images and as many samples in one feature space, which knows nothing of the model."""
    requested = None if options.labels is None else run.label_numbers(options.labels)
    real = run.images(options.num_points // 2, requested)
    if len(real) < 10:
        raise UsageError(f"tsne needs at least 10 test images, and the data have {len(real)}: num_points=20 or more")
    features = make_features(real=run.real_images, cache_dir=options.cache_dir, device=run.device)
    labels = labels_of(run, options, len(real))
    samples = samples_of(run, options, len(real), batch_size=250, progress=True)
    values = extract(features, torch.cat([real.images[:], samples])).numpy()
    of_real, of_samples = np.split(values, 2)
    meant = np.full(len(real), NO_CLASS) if labels.label is None else labels.label.cpu().numpy()
    points = flat_map(values, perplexity=options.perplexity, seed=options.seed)
    figure = scatter_by_class(
        points[: len(real)],
        real.labels.numpy(),
        run.class_names or ["all"],
        title=f"t-SNE of {features.name}: images and samples",
        generated=(points[len(real) :], meant),
    )
    among = neighbour_agreement(of_real, real.labels.numpy())
    note = f"Points are {len(real):,} test images, of which {among:.0%} have another of their class nearest; rings are "
    if not labels:
        return Drawn(figure, f"{note}as many samples. {sampled_with(run, options)}", OF_SAMPLES)
    found = nearest_label(of_samples, of_real, real.labels.numpy())
    share = f"as many samples, of which {float((found == meant).mean()):.0%} have an image of theirs nearest."
    return Drawn(figure, f"{note}{share} {sampled_with(run, options)}", OF_SAMPLES)


@torch.no_grad()
def bottleneck(run: Run, images: Tensor) -> Tensor:
    """(N, ...) what comes out of the network's bottleneck; images (N, channels, H, W) uint8, all labels null.

    Raises UsageError if the network declares none.
    """
    model, seen = run.model, []
    if model.network.bottleneck is None:
        raise UsageError(
            f"tsne: {type(model.network).__name__} declares no bottleneck; features=classifier maps its samples"
        )
    t = min(model.denoiser.schedule.times(10)[:-1], key=lambda time: abs(time - NOISE_TIME))
    condensed = model.network.get_submodule(model.network.bottleneck)
    hook = condensed.register_forward_hook(lambda module, arguments, output: seen.append(output))
    try:
        for batch in images.split(250):
            x0 = run.encode(batch)
            times = torch.full((len(x0),), t, device=run.device)
            alpha = model.denoiser.schedule(times)[0].view(-1, 1, 1, 1)
            nulls = [torch.full((len(x0),), null, device=run.device) for null in model.network.null_labels]
            model.denoiser.output(alpha * x0, times, *nulls)
    finally:
        hook.remove()
    return torch.cat(seen).float()
