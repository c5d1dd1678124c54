"""Coded reasons: in use on the day, with a comment where the code says nothing without one."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import ClassVar, TypeVar

from contracts.codes import COMMENT_REQUIRED, REJECTIONS_IN_USE, InUse, RejectionCode
from contracts.errors import Invalid

C = TypeVar("C", bound=StrEnum)


class NotInUse(Invalid):
    """This code is not in use today."""

    code: ClassVar[str] = "code-not-in-use"


class CommentRequired(Invalid):
    """This code needs a comment."""

    code: ClassVar[str] = "comment-required"


def ensure_in_use(code: C, table: Mapping[C, InUse], day: date, *, pointer: str) -> None:
    """Raises NotInUse."""
    if not table[code].on(day):
        raise NotInUse(pointer=pointer)


def ensure_rejection(code: RejectionCode, comment: str | None, day: date) -> None:
    """Raises NotInUse, CommentRequired."""
    ensure_in_use(code, REJECTIONS_IN_USE, day, pointer="/reason_code")
    if code in COMMENT_REQUIRED and not comment:
        raise CommentRequired(pointer="/comment")
