"""Families and numbers of graphics cards."""

from __future__ import annotations

GPU_FAMILIES: dict[str, tuple[str, ...]] = {  # name -> how the kinds of it begin
    "hopper": ("h100", "h200", "gh200"),
    "ampere": ("a100", "a10", "a30", "a40", "rtx-30"),
    "blackwell": ("b100", "b200", "gb200", "rtx-50"),
    "ada lovelace": ("l4", "rtx-40"),
    "data center, datacenter, data centre, datacentre, server grade": (
        "a100",
        "h100",
        "h200",
        "gh200",
        "b100",
        "b200",
        "gb200",
        "v100",
        "p100",
        "a10",
        "a30",
        "a40",
        "l4",
        "t4",
        "mi",
    ),
}
CARDS = ("", " gpu", " gpus", " card", " cards")
RTX = (
    "rtx, rtxs, rtx card, rtx cards, rtx gpu, rtx gpus, geforce, consumer gpu, consumer gpus, consumer card, "
    "consumer cards, gaming gpu, gaming gpus, consumer hardware"
)
SEVERAL = (
    "more than 1 gpu, more than 1 card, multiple cards, several cards, more than one card, gpus in parallel, "
    "multi gpu, multiple gpus, several gpus, more than one gpu, many gpus, multigpu, multiple devices"
)
SINGLE = "single gpu, one gpu, a single gpu, just one gpu, only one gpu, a lone gpu"
