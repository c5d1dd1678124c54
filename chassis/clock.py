"""The one place where the present moment is read; everything else takes it as an argument.

Invariant: outside development and test it is the machine's own time (chassis.settings refuses anything else).
"""

from datetime import UTC, datetime, timedelta

from chassis.settings import Settings

_ahead = timedelta()


def configure(settings: Settings) -> None:
    """Called once by a process whose time may run ahead."""
    global _ahead
    _ahead = timedelta(seconds=settings.clock_ahead_s)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC) + _ahead
