"""What of a caller's headers a gateway hands on, as they are: what HTTP cannot carry on is refused at the door."""

import re
from collections.abc import Mapping

from chassis.problems import Problem

FORWARDED = ("idempotency-key", "if-match", "if-none-match", "prefer")
"""Request headers that a gateway hands on to the owner, beside the token and the trace."""

RULE = "visible-ascii"
DETAIL = "holds visible ASCII characters, spaces and tabs alone"

_CARRIED = re.compile(r"[\t\x20-\x7e]*")


class HeaderMalformed(Problem):
    """A header that is handed on holds what no header should."""

    def __init__(self, name: str) -> None:
        errors = [{"header": name, "rule": RULE, "detail": DETAIL}]
        super().__init__(400, f"The header {name} {DETAIL}.", code="malformed", errors=errors)


def forwarded(headers: Mapping[str, str], names: tuple[str, ...] = FORWARDED) -> dict[str, str]:
    """Those of a caller's headers that go on. Raises HeaderMalformed."""
    found = {name: headers[name] for name in names if name in headers}
    for name, value in found.items():
        if not _CARRIED.fullmatch(value):
            raise HeaderMalformed(name)
    return found
