"""How a caller names a person: Throughgate's opaque id, or `scheme:value` (with `-` where the value has `/`)."""

import re
from datetime import date
from typing import ClassVar

from caseload.domain.identifiers import Identifier, canonical
from contracts.codes import Scheme
from contracts.errors import Invalid, NotFound

_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class InvalidReference(Invalid):
    """A person is named by an opaque id or by scheme:value."""

    code: ClassVar[str] = "invalid-person-reference"


class PersonNotFound(NotFound):
    """There is no such person, or it is not yours to see."""

    code: ClassVar[str] = "person-not-found"


def parse_reference(text: str, *, today: date) -> str | Identifier:
    """An opaque id as text, or an Identifier; InvalidReference or InvalidIdentifier otherwise."""
    if _OPAQUE.fullmatch(text.lower()):
        return text.lower()
    scheme, colon, value = text.partition(":")
    if not colon or scheme.lower() not in set(Scheme):
        raise InvalidReference()
    return canonical(Scheme(scheme.lower()), value, today=today)
