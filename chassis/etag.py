"""Optimistic concurrency (RFC 9110): a strong ETag is the version of the row, quoted.

A write that names a version other than the present one is refused with 412; where a route needs the caller to say what
they saw, saying nothing is 428.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis.problems import Problem

ANY = "*"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


class PreconditionFailed(Problem):
    """What the caller saw is not what is there now."""

    def __init__(self) -> None:
        super().__init__(412, "It has changed since you read it, or was already there.", code="precondition-failed")


class PreconditionRequired(Problem):
    """The caller has to say which version they saw."""

    def __init__(self) -> None:
        super().__init__(428, "This needs the header If-Match.", code="precondition-required")


class PreconditionMalformed(Problem):
    """A conditional header that is no list of entity tags."""

    def __init__(self) -> None:
        super().__init__(400, "A conditional header is `*` or a list of quoted entity tags.", code="malformed")


def etag_of(version: int | str) -> str:
    """The strong ETag of a version: `"7"`."""
    return f'"{version}"'


@dataclass(frozen=True)
class Preconditions:
    """What a request demands of the present state: entity tags, or `*` alone, or None where it says nothing."""

    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None

    @property
    def said(self) -> bool:
        return self.if_match is not None or self.if_none_match is not None

    def ensure(self, version: int | str | None, *, required: bool = False) -> None:
        """Check against the present version, None if there is nothing yet.

        Raises PreconditionFailed, or PreconditionRequired if `required` and there is no If-Match.
        """
        if required and self.if_match is None:
            raise PreconditionRequired
        present = None if version is None else etag_of(version)
        if self.if_match is not None and not _has(self.if_match, present):
            raise PreconditionFailed
        if self.if_none_match is not None and _has(self.if_none_match, present, weak=True):
            raise PreconditionFailed


async def preconditions(request: Request) -> Preconditions:
    """The request's If-Match and If-None-Match. Raises PreconditionMalformed."""
    return Preconditions(_tags(request, "if-match"), _tags(request, "if-none-match"))


PreconditionsDep = Annotated[Preconditions, Depends(preconditions)]


def not_modified(wanted: Preconditions, version: int | str) -> bool:
    """Whether a GET may be answered 304, since the caller already has this version."""
    return wanted.if_none_match is not None and _has(wanted.if_none_match, etag_of(version), weak=True)


def _has(tags: tuple[str, ...], present: str | None, *, weak: bool = False) -> bool:
    if present is None:
        return False
    return tags == (ANY,) or any((tag.removeprefix("W/") if weak else tag) == present for tag in tags)


def _tags(request: Request, header: str) -> tuple[str, ...] | None:
    values = request.headers.getlist(header)
    if not values:
        return None
    text = ",".join(values).strip()
    if text == ANY:
        return (ANY,)
    tags = tuple(_TAG.findall(text))
    if not tags or re.sub(r"[\s,]", "", _TAG.sub("", text)):
        raise PreconditionMalformed
    return tags
