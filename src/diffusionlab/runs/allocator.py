"""The memory of tensors on a CPU, kept between network calls."""

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h of glibc
CHOSEN_BY_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let glibc reuse what this process frees instead of returning it to the system; whether it was asked to.

    By default every tensor above 32 MiB is mapped anew, and its pages are zeroed one fault at a time: in sampling a
    fifth to a third of the time. The peak, which grows by less than a tenth, is held until the process ends. Nothing
    happens without glibc, or where the environment sets one of CHOSEN_BY_USER.
    """
    if sys.platform != "linux" or any(name in os.environ for name in CHOSEN_BY_USER):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
