"""Many dimensions on a flat map."""

from collections.abc import Sequence
from itertools import combinations
from math import ceil

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure
from matplotlib.text import Text

from diffusionlab.visualization.style import CLASSES, look, new_figure

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
    """`points` (N, 2), a colour and a shape for each class, its name near the middle of its points and in the legend.

    `generated`: points (M, 2) and labels (M,) of samples, drawn as rings, those of NO_CLASS grey.
    """
    classes = np.unique(labels)
    columns = 5 if max(len(names[label]) for label in classes) <= 12 else 2
    figure = new_figure(title, 6.2 + 0.25 * ceil(len(classes) / columns))
    axes = figure.add_subplot()
    looks = {
        label: (CLASSES[number % len(CLASSES)], MARKERS[number // len(CLASSES) % len(MARKERS)])
        for number, label in enumerate(classes)
    }
    texts = []
    for label in classes:
        own, (colour, marker) = points[labels == label], looks[label]
        points_of = {"s": 16, "color": colour, "marker": marker, "linewidths": 0, "label": names[label]}
        axes.scatter(own[:, 0], own[:, 1], alpha=0.65, **points_of)
        x, y = np.median(own, axis=0)
        name = axes.text(x, y, names[label], color=colour, ha="center", va="center", weight="bold", zorder=4)
        name.set_path_effects([patheffects.withStroke(linewidth=3, foreground="white")])
        texts.append(name)
    rings, meant = generated or (points[:0], labels[:0])
    for label in np.unique(meant):
        own, (colour, marker) = rings[meant == label], looks.get(label, ("0.45", "o"))
        axes.scatter(own[:, 0], own[:, 1], s=30, facecolors="none", edgecolors=colour, marker=marker, linewidths=1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal", adjustable="datalim")
    figure.legend(loc="outside lower left", ncols=columns, fontsize=10, markerscale=1.5, handletextpad=0.1)
    move_apart(figure, texts)
    return figure


def move_apart(figure: Figure, texts: Sequence[Text], most: int = 200) -> None:
    """Move texts up and down, as little as it takes, until none covers another."""
    figure.draw_without_rendering()  # after which the layout is what it will be
    boxes = [text.get_window_extent() for text in texts]
    for _ in range(most):
        close = [(a, b) for a, b in combinations(range(len(boxes)), 2) if boxes[a].overlaps(boxes[b])]
        if not close:
            break
        for a, b in close:
            low, high = sorted((a, b), key=lambda one: (boxes[one].y0, one))
            half = max(boxes[low].y1 - boxes[high].y0, 0) / 2 + 1
            boxes[low], boxes[high] = boxes[low].translated(0, -half), boxes[high].translated(0, half)
    for text, box in zip(texts, boxes, strict=True):
        middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
        x, y = text.get_transform().inverted().transform(middle)
        text.set_position((x, y))
