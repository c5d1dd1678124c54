"""Named points at which a process can be told to die, so that each of them is walked by tests.

Invariant: where nothing is set, a point is one comparison. Outside development and test the setting is refused when
settings are read (chassis.settings), so no process in production can be told to die.

The file `crash_file` holds `service point` on one line. Whoever reaches that point first takes the file away and is
gone as by kill -9: no finally, no flush. So one arming is one death, and the process that comes back lives.
"""

import os
import signal
from pathlib import Path
from typing import Literal

from chassis.settings import Settings

Point = Literal[
    "request.before_commit",
    "request.after_commit",
    "outbox.written",
    "relay.before_send",
    "relay.mid_wave",
    "relay.after_send",
    "relay.after_mark",
    "relay.new_broker",
    "consumer.before_apply",
    "consumer.mid_batch",
    "consumer.before_commit",
    "consumer.after_commit",
    "consumer.after_offsets",
]

_file: Path | None = None
_service = ""


def configure(settings: Settings) -> None:
    """Called once by a process that may be told to die."""
    global _file, _service
    _file, _service = settings.crash_file, settings.service


def here(point: Point) -> None:
    """Dies here if that is what the file says; otherwise nothing."""
    if _file is not None:
        _die_if_named(_file, point)


def _die_if_named(file: Path, point: Point) -> None:
    try:
        named = file.read_text(encoding="utf-8").strip() == f"{_service} {point}"
        if named:
            file.unlink()
    except FileNotFoundError:
        return
    if named:
        os.kill(os.getpid(), signal.SIGKILL)
