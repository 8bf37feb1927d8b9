"""Many dimensions on a flat map."""

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure

from diffusionlab.visualization.style import PALETTE, look, new_figure

MARKERS = "os^DvPX"
NUM_COMPONENTS = 50
NO_CLASS = -1


def flat_map(features: np.ndarray, *, perplexity: float, seed: int) -> np.ndarray:
    """(N, D) -> (N, 2) by t-SNE (van der Maaten & Hinton 2008) of the first 50 principal components."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = min(NUM_COMPONENTS, *features.shape)
    reduced = PCA(components, random_state=seed).fit_transform(features)
    perplexity = min(perplexity, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)


def neighbour_agreement(features: np.ndarray, labels: np.ndarray) -> float:
    """The share of the rows whose nearest other row is of the same class; `features` (N, D), `labels` (N,)."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(features).kneighbors(return_distance=False)[:, 0]
    return float((labels[nearest] == labels).mean())


def nearest_label(queries: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(M,): of each row of `queries` (M, D) the label of the nearest of `features` (N, D); `labels` (N,)."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(features).kneighbors(queries, return_distance=False)
    return labels[nearest[:, 0]]


@look
def scatter_by_class(
    points: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    *,
    title: str,
    generated: tuple[np.ndarray, np.ndarray] | None = None,
) -> Figure:
    """`points` (N, 2), a colour and a shape for each class, its name where the middle of its points is.

    `generated`: points (M, 2) and labels (M,) of samples, drawn as rings, those of NO_CLASS grey.
    """
    figure = new_figure(title, 6.2)
    axes = figure.add_subplot()
    classes = np.unique(labels)
    looks = {
        label: (PALETTE[number % len(PALETTE)], MARKERS[number // len(PALETTE) % len(MARKERS)])
        for number, label in enumerate(classes)
    }
    for label in classes:
        own, (colour, marker) = points[labels == label], looks[label]
        axes.scatter(own[:, 0], own[:, 1], s=16, color=colour, marker=marker, alpha=0.65, linewidths=0)
        x, y = np.median(own, axis=0)
        name = axes.text(x, y, names[label], color=colour, ha="center", va="center", weight="bold", zorder=4)
        name.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
    rings, meant = generated or (points[:0], labels[:0])
    for label in np.unique(meant):
        own, (colour, marker) = rings[meant == label], looks.get(label, ("0.45", "o"))
        axes.scatter(own[:, 0], own[:, 1], s=30, facecolors="none", edgecolors=colour, marker=marker, linewidths=1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal", adjustable="datalim")
    return figure
