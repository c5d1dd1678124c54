"""Cursors of the lists that a gateway makes itself: a log index, good for this route, agency and person alone."""

from chassis.pagination import decode, encode
from gateway.api.caller import Caller

BEGIN = -1


def cursor_of(caller: Caller, index: int) -> str:
    """A cursor that goes on after this log index."""
    return encode([index], secret=caller.cursor_key, scope=_scope(caller))


def after_of(caller: Caller, cursor: str | None) -> int:
    """The log index to go on after. Raises CursorInvalid."""
    return BEGIN if cursor is None else int(str(decode(cursor, secret=caller.cursor_key, scope=_scope(caller))[0]))


def _scope(caller: Caller) -> str:
    places = sorted((str(name), str(value)) for name, value in caller.request.path_params.items())
    return f"{caller.route} {caller.agency} {places}"
