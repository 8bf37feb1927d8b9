"""Train in a process of its own, where a test injects a fault that a process does not survive."""

import errno
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytorch_lightning as pl

from tests.conftest import Lab

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["diffusionlab.commands.train", "tests.conftest"])


class KillAt(pl.Callback):
    """SIGKILL at the `count`-th call of the hook, as a power cut would."""

    def __init__(self, *, hook: str, count: int) -> None:
        self.left = count
        setattr(self, hook, self._call)

    def _call(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_at(hook: str, count: int) -> tuple[str, ...]:
    """The overrides that put KillAt into a run."""
    return (
        "+callbacks.kill._target_=tests.training.apart.KillAt",
        f"+callbacks.kill.hook={hook}",
        f"+callbacks.kill.count={count}",
    )


def kill_before_rename(name: str, count: int) -> None:
    """SIGKILL before the `count`-th time that a file takes the place of one called `name`: written, but not renamed."""
    rename, left = os.replace, [count]

    def replace(source, target, **options):
        left[0] -= Path(target).name == name
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target, **options)

    os.replace = replace


def no_room_for(name: str, count: int) -> None:
    """From the `count`-th time on that a file is to take the place of one called `name`, the disk is full."""
    rename, left = os.replace, [count]

    def replace(source, target, **options):
        left[0] -= Path(target).name == name
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        rename(source, target, **options)

    os.replace = replace


def no_file_beyond(num_bytes: int) -> None:
    """Every write past this size fails, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))


def train_apart(
    lab: Lab, *overrides: str, name: str = "a", fault: Callable[[], None] | None = None, **env: str
) -> tuple[int, str]:
    """Train in a process of its own, after `fault` there; (exit code, -9 if it was killed, the error in one line)."""
    receive, send = _CONTEXT.Pipe(duplex=False)
    registry = os.environ["DIFFUSIONLAB_REGISTRY"]
    process = _CONTEXT.Process(
        target=_train, args=(send, lab.root, overrides, name, fault, env | {"DIFFUSIONLAB_REGISTRY": registry})
    )
    process.start()
    send.close()
    process.join()
    try:
        return process.exitcode, receive.recv()
    except EOFError:  # it had nothing to say
        return process.exitcode, ""


def _train(send, root, overrides, name, fault, environment) -> None:
    from diffusionlab.errors import LabError

    os.environ |= environment
    if fault is not None:
        fault()
    try:
        Lab(root).train(*overrides, name=name)
    except LabError as error:
        send.send(str(error))
        os._exit(error.exit_code)
