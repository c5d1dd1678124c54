"""Cursors of feeds: the same place of one agency's feed has the same cursor for ever, wherever it is said."""

from chassis.pagination import decode, encode


def feed_cursor(index: int, *, agency: str, secret: str) -> str:
    """The cursor of the item at this log index."""
    return encode([index], secret=secret, scope=_scope(agency))


def feed_index(cursor: str, *, agency: str, secret: str) -> int:
    """The log index that a cursor names. Raises CursorInvalid."""
    (index,) = decode(cursor, secret=secret, scope=_scope(agency))
    return int(str(index))


def _scope(agency: str) -> str:
    return f"feed {agency}"
