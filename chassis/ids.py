"""New ids are UUIDv7 (RFC 9562): opaque to everyone, and in order of making, so that indexes grow at one end."""

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 in its canonical text form."""
    return str(uuid_utils.uuid7())
