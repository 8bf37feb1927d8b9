"""What a process frees is at hand when it asks again."""

import subprocess
import sys

import pytest

from diffusionlab.runs.allocator import CHOSEN_BY_USER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")

FAULTS = """
import resource, torch
from diffusionlab.runs.allocator import keep_freed_memory

SIZE = 64 * 2**20

def faulted():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(SIZE, dtype=torch.uint8)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() / (20 * SIZE)

print(keep_freed_memory())
faulted()
print(faulted())
"""


def asked_and_faulted(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[str, float]:
    """Whether memory is kept, and the share of the pages of twenty tensors, one at a time, that had to be mapped."""
    for name in CHOSEN_BY_USER:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    asked, faulted = done.stdout.split()
    return asked, float(faulted)


def test_freed_memory_is_used_again(monkeypatch):
    asked, faulted = asked_and_faulted(monkeypatch)
    assert asked == "False" or faulted < 0.2  # False: a libc without mallopt


def test_who_has_set_the_allocator_is_left_with_it(monkeypatch):
    asked, faulted = asked_and_faulted(monkeypatch, MALLOC_MMAP_THRESHOLD_="1048576")
    assert asked == "False" and faulted > 0.9
