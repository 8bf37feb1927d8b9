"""What a CLIP says of samples, class by class: the best and the worst, and which classes are hard."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from diffusionlab.visualization.grids import class_grid
from diffusionlab.visualization.numbered import NumberedImages


def best_and_worst(
    images: Tensor | NumberedImages,
    label: Tensor,
    quality: Tensor,
    class_names: Sequence[str],
    *,
    num_each: int = 3,
) -> Image.Image:
    """A column a class, its `num_each` best samples above as many of its worst; fewer where a class has fewer.

    `images`: (N, C, H, W) uint8; `label`: (N,) int64; `quality`: (N,), more is better.
    """
    num_each = max(1, min(num_each, int(label.unique(return_counts=True)[1].min()) // 2))
    chosen = []
    for own_class in label.unique():
        (own,) = (label == own_class).nonzero(as_tuple=True)
        best_first = own[quality[own].argsort(descending=True, stable=True)]
        chosen.append(torch.cat([best_first[:num_each], best_first[-num_each:]]))
    rows = torch.cat(chosen)
    return class_grid(images[rows], label[rows], class_names, row_captions=["best", "worst"])


def difficulty_chart(
    label: Tensor, quality: Tensor, class_names: Sequence[str], *, real: tuple[Tensor, Tensor] | None = None
) -> Figure:
    """A box a class, the one with the lowest mean on top: median, quartiles and extremes of `quality`, good + clear.

    `real`: label and quality of real images, the middle half of which is a grey band behind each box.
    """
    of_class = {class_names[one]: quality[label == one] for one in label.unique().tolist()}
    hardest_last = sorted(of_class, key=lambda name: -float(of_class[name].mean()))
    figure = Figure(figsize=(6.4, 1.2 + 0.32 * len(of_class)), layout="constrained")
    axes = figure.subplots()
    axes.boxplot(
        [of_class[name].tolist() for name in hardest_last],
        orientation="horizontal",
        tick_labels=hardest_last,
        whis=(0, 100),
        widths=0.6,
        medianprops={"color": "tab:orange", "linewidth": 2},
    )
    if real is not None:
        _add_bands(axes, [real[1][real[0] == class_names.index(name)] for name in hardest_last])
    axes.set_xlabel("similarity to “good” + similarity to “clear” (2 = the same)")
    axes.set_title(f"How like its class each of {len(label)} samples is, the hardest class first", fontsize=11)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _add_bands(axes: Axes, quality: Sequence[Tensor]) -> None:
    """The middle half of each, a row each from the lowest row up; nothing if there are none."""
    for place, own in enumerate(quality, start=1):
        if len(own):
            low, high = own.quantile(torch.tensor([0.25, 0.75]).to(own)).tolist()
            band = axes.barh(place, high - low, left=low, height=0.9, color="0.82", zorder=0)
            band.set_label("real images, the middle half")
    handles, words = axes.get_legend_handles_labels()
    axes.legend(handles[:1], words[:1], loc="best", frameon=False, fontsize=9)
