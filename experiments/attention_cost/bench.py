"""Time and memory of one self-attention layer against the number of pixels, softmax beside linear.

    python experiments/attention_cost/bench.py                      a minute on one core
    python experiments/attention_cost/bench.py --sizes 8 16 32 64 128 --device cuda

One forward and backward of a layer of the lab's networks. Each case runs in a process of its own, so that its peak
memory is its own. The exponent is the slope of log cost over log pixels between the two largest sizes: 1 is linear.
"""

import argparse
import math
import multiprocessing
import platform
import resource
import sys
import time
from multiprocessing.connection import Connection

import torch

from diffusionlab.models.attention import SelfAttention


def measure(kind: str, size: int, arguments: argparse.Namespace, result: Connection) -> None:
    """Send (milliseconds of the median step, MiB at the peak beyond the start)."""
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    layer = SelfAttention(arguments.channels, num_heads=arguments.heads, kind=kind).to(device)
    x = torch.randn(arguments.batch, arguments.channels, size, size, device=device, requires_grad=True)
    layer(x[:1, :, :8, :8]).sum().backward()  # the libraries' own start-up, counted in neither figure
    before = peak_bytes(device)
    seconds = []
    for _ in range(arguments.repeats):
        wait(device)
        start = time.perf_counter()
        layer(x).square().mean().backward()
        wait(device)
        seconds.append(time.perf_counter() - start)
    result.send((1000 * sorted(seconds)[len(seconds) // 2], (peak_bytes(device) - before) / 2**20))


def peak_bytes(device: torch.device) -> int:
    """The most memory that was ever taken: of the GPU, or else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def wait(device: torch.device) -> None:
    """Let a GPU finish what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def in_own_process(kind: str, size: int, arguments: argparse.Namespace) -> tuple[float, float]:
    """`measure` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(kind, size, arguments, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise SystemExit(f"{kind} at {size} pixels a side ended without a result: out of memory?") from None
    finally:
        process.join()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 32, 64], help="pixels a side, rising")
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()

    cost = {(kind, size): in_own_process(kind, size, arguments) for kind in KINDS for size in arguments.sizes}
    where = torch.cuda.get_device_name() if arguments.device == "cuda" else f"{platform.machine()} CPU"
    print(f"torch {torch.__version__}, {where}, {arguments.threads} thread(s), {arguments.channels} channels,")
    print(f"{arguments.heads} heads, batch {arguments.batch}, forward and backward, median of {arguments.repeats}\n")
    print("| pixels | softmax ms | linear ms | softmax MiB | linear MiB |\n| ---: | ---: | ---: | ---: | ---: |")
    for size in arguments.sizes:
        (soft_ms, soft_mib), (linear_ms, linear_mib) = (cost[kind, size] for kind in KINDS)
        print(f"| {size * size:,} | {soft_ms:.1f} | {linear_ms:.1f} | {soft_mib:.0f} | {linear_mib:.0f} |")
    smaller, larger = arguments.sizes[-2:]
    for kind in KINDS:
        exponent = math.log(cost[kind, larger][0] / cost[kind, smaller][0]) / math.log((larger / smaller) ** 2)
        print(f"\n{kind}: time grows as pixels ^ {exponent:.2f}", end="")
    print()


KINDS = ("softmax", "linear")

if __name__ == "__main__":
    main()
