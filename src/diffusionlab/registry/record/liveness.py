"""Whether a run that says `running` is: `crashed` is never written by training, it is worked out on reading."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from diffusionlab.registry.record.run_record import utc_now

SILENCE = timedelta(minutes=10)
"""A heartbeat this old means that nobody is there; a living run beats every minute."""

COLUMNS_NEEDED = ("run_id", "status", "heartbeat_at", "host", "pid", "process_token")


def process_token(pid: int | None = None) -> str | None:
    """Boot, pid namespace and start of a process: a later one with the same pid, or the same host name, differs.

    None where the system does not tell (no /proc) or the process is gone.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
        stat = Path(f"/proc/{pid or os.getpid()}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    if state in "ZX":  # ended, and only waited for
        return None
    return f"{boot}/{namespace}/{rest[18]}"


def actual_status(row: Mapping[str, Any], now: datetime | None = None) -> str | None:
    """The status to show: `crashed` for a running one whose process is gone here, or whose heartbeat is silent.

    Where its process can be seen to live, no silence counts: the clock may have jumped, the machine may have slept.
    A run without a heartbeat (an import) is taken at its word.
    """
    status, heartbeat = row.get("status"), row.get("heartbeat_at")
    if status != "running" or heartbeat is None:
        return status
    known = lives(row)
    if known is None:
        known = (now or utc_now()) - heartbeat <= SILENCE
    return status if known else "crashed"


def why_it_ended(row: Mapping[str, Any], now: datetime | None = None) -> str | None:
    """Why a run did not finish: its recorded reason, or what is known of one that crashed; None for any other run."""
    status = actual_status(row, now)
    if status == "crashed":
        seen, of = row["heartbeat_at"], f" {row['pid']} on {row['host']}" if row.get("pid") and row.get("host") else ""
        return f"its process{of} ended without a word; last heard of {seen.astimezone(UTC):%Y-%m-%d %H:%M}"
    return row.get("reason") if status in ("failed", "interrupted") else None


def lives(row: Mapping[str, Any]) -> bool | None:
    """Whether the process of a run (`host`, `pid`, `process_token`) is there; None where that cannot be seen from here.

    A token of the same boot and pid namespace tells, whatever the machine is called by now.
    """
    pid, token, here = row.get("pid"), row.get("process_token"), process_token()
    if not isinstance(pid, int):
        return None
    if isinstance(token, str) and here and token.rpartition("/")[0] == here.rpartition("/")[0]:
        return process_token(pid) == token
    if token or row.get("host") != socket.gethostname():
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # or no number of a process at all
        return False
    except OSError:  # there, but another user's
        return None
    return None  # perhaps a later process of the same number
