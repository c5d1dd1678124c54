"""The one place where the present moment is read; everything else takes it as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)
