"""How people name the fields of a run, out of the table of columns."""

from __future__ import annotations

from diffusionlab.registry.record.columns import BY_NAME, TABLE

FIELDS: dict[str, str] = {column.name: column.said for column in TABLE if column.said and column.kind != "time"}
"""Column -> the ways to name it."""
CREATED = BY_NAME["created_at"].said
MODIFIED = BY_NAME["modified_at"].said
