"""Whether a run trains a diffusion model: its facets say so, or it has a parameterization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diffusionlab.registry.filters.conditions import Contains
from diffusionlab.registry.filters.filter import Filter, Leaf

if TYPE_CHECKING:
    import pyarrow as pa

FACET = "diffusion"


@dataclass(frozen=True)
class IsDiffusion(Leaf):
    """True with the facet `diffusion` or a parameterization, None if neither is recorded.

    A run of which facets are recorded, and neither of the two, is no diffusion model: an autoencoder, a classifier.
    """

    @property
    def column(self) -> str:  # type: ignore[override]
        return FACET  # no column of the table, so that the registry leaves it to Arrow

    def _condition(self) -> str:
        raise ValueError("whether a run is a diffusion model is worked out in Arrow: it has no predicate")

    def reads(self) -> set[str]:
        return {"arch_tags", "parameterization"}

    def evaluate(self, row: Mapping[str, Any]) -> bool | None:
        tags, target = row.get("arch_tags"), row.get("parameterization")
        if (target is not None and target != "none") or FACET in (tags or ()):
            return True
        return None if target is None and not tags else False

    def mask(self, table: pa.Table) -> pa.Array:
        import pyarrow.compute as pc

        target, tags = table["parameterization"].combine_chunks(), table["arch_tags"].combine_chunks()
        by_target = pc.and_(pc.is_valid(target), pc.fill_null(pc.not_equal(target, "none"), False))
        tagged = pc.fill_null(Contains("arch_tags", FACET).mask(table), False)
        known = pc.or_(pc.is_valid(target), pc.fill_null(pc.greater(pc.list_value_length(tags), 0), False))
        return pc.if_else(pc.or_(by_target, tagged), True, pc.if_else(known, False, None))


def has_facet(facet: str) -> Filter:
    """The run has the facet."""
    return IsDiffusion() if facet == FACET else Contains("arch_tags", facet)
