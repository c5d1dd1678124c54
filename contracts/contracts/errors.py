"""The four ways in which a request or fact is refused; the chassis alone turns kinds into statuses and actions.

A subclass lives in the module where its rule lives, sets `code` (stable, kebab-case) and says the rule in its message.
Messages never carry personal data or echo input.
"""

from typing import ClassVar


class Refusal(Exception):
    """Base of every refusal. `pointer` is a JSON Pointer to the offending field, where there is one."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str = "", *, pointer: str | None = None, extra: dict[str, object] | None = None) -> None:
        super().__init__(detail or (self.__doc__ or self.code).strip().splitlines()[0])
        self.pointer = pointer
        self.extra = extra or {}

    @property
    def detail(self) -> str:
        return str(self.args[0])


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    code = "not-found"


class NotPermitted(Refusal):
    """The caller may not do this."""

    code = "not-permitted"


class Conflict(Refusal):
    """The present state does not allow this."""

    code = "conflict"


class Invalid(Refusal):
    """Understood, and against a rule."""

    code = "invalid"
