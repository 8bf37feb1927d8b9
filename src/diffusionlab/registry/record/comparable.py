"""What figures compare within: those of an evaluation its protocol, losses their objective."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from diffusionlab.registry.record.columns import compares_within, label

R = TypeVar("R", bound=Mapping[str, Any])


def objective_of(
    config: Mapping[str, Any],
    dataset: str | None,
    image_size: int | None,
    parameterization: str | None,
    schedule: str | None,
) -> str | None:
    """What the losses of a run are of: "v on cosine, min_snr 5, Fashion-MNIST at 28 px".

    All that losses must share to compare: what is predicted, of which images, with which weights. None for a record
    whose settings state no loss.
    """
    loss, codec = config.get("loss"), config.get("codec")
    target = loss.get("_target_") if isinstance(loss, Mapping) else None
    if not isinstance(loss, Mapping) or not isinstance(target, str):
        return None
    kind = target.rpartition(".")[2].removesuffix("Loss").lower()
    parts = [] if kind == "denoising" else [kind]
    if parameterization:
        parts.append(f"{parameterization} on {schedule}")
    parts += _scale(loss)
    images = f"{dataset or 'unknown images'}" + (f" at {image_size} px" if image_size else "")
    latents = isinstance(codec, Mapping) and codec.get("autoencoder")
    return ", ".join([*parts, f"latents of {images}" if latents else images])


def _scale(loss: Mapping[str, Any]) -> list[str]:
    """What weights the squared errors, and at which times they are taken, if not as usual."""
    weighting, times = loss.get("weighting", "uniform"), loss.get("times")
    kind = times.get("kind", "schedule") if isinstance(times, Mapping) else "schedule"
    gamma = f" {loss.get('min_snr_gamma')}" if weighting == "min_snr" else ""
    said = {
        f"{weighting}{gamma}": weighting != "uniform",
        f"{kind} times": kind != "schedule",
        "CLIP": bool(loss.get("clip_weight")),
    }
    return [text for text, unusual in said.items() if unusual]


def basis_column(column: str) -> str:
    """The column that holds what a figure compares within: `objective` of losses, else `protocol`."""
    return "objective" if "objective" in compares_within(column) else "protocol"


def basis_of(row: Mapping[str, Any], column: str) -> str | None:
    """The protocol of a row's figure, or the objective of a loss; None if not recorded, as of most imported figures."""
    if basis_column(column) == "objective":
        return row.get("objective")
    protocol = row.get("protocol")
    measured = (row.get("evaluations") or {}).get(protocol, {})
    return protocol if column.removeprefix("metrics.") in measured else None


def by_basis(rows: Iterable[R], column: str) -> dict[str | None, list[R]]:
    """The rows, in their order, apart where their figures do not compare; those without a recorded basis last."""
    found: dict[str | None, list[R]] = {}
    for row in rows:
        found.setdefault(basis_of(row, column), []).append(row)
    return dict(sorted(found.items(), key=lambda side: (side[0] is None, str(side[0]))))


def basis_name(basis: str | None, column: str) -> str:
    """How a sentence calls it; "no recorded protocol" for None."""
    return basis or f"no recorded {label(basis_column(column))}"
