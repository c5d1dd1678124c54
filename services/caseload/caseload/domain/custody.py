"""Custody as a table over movements: where a person is held is what the movements applied so far say, in their order.

A movement older than the last applied one is kept and never applied. A registration that opens custody says where a
person is and not since when: it is no movement, and none is older than it. Everything else follows from `MOVES`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from contracts.codes import CustodyStatus
from contracts.errors import Conflict, Invalid


class Place(StrEnum):
    """Where a person is, as the reporter of a movement sees it."""

    OUTSIDE = "outside"
    HERE = "here"
    """Held by the prison that reports."""
    ELSEWHERE = "elsewhere"
    """Held by another prison."""


class Effect(StrEnum):
    TAKES = "takes"
    """The reporter holds the person from now on."""
    FREES = "frees"
    """Nobody holds the person from now on."""
    HANDS_OVER = "hands-over"
    """The prison named in the movement holds the person from now on."""
    REFUSED = "refused"
    """Only the prison that holds the person can say so."""


MOVES: dict[tuple[CustodyStatus, Place], Effect] = {
    (CustodyStatus.RECEIVED, Place.OUTSIDE): Effect.TAKES,
    (CustodyStatus.RECEIVED, Place.HERE): Effect.TAKES,
    (CustodyStatus.RECEIVED, Place.ELSEWHERE): Effect.TAKES,
    (CustodyStatus.RECALLED, Place.OUTSIDE): Effect.TAKES,
    (CustodyStatus.RECALLED, Place.HERE): Effect.TAKES,
    (CustodyStatus.RECALLED, Place.ELSEWHERE): Effect.TAKES,
    (CustodyStatus.RETURNED, Place.OUTSIDE): Effect.TAKES,
    (CustodyStatus.RETURNED, Place.HERE): Effect.TAKES,
    (CustodyStatus.RETURNED, Place.ELSEWHERE): Effect.TAKES,
    (CustodyStatus.TRANSFERRED, Place.OUTSIDE): Effect.REFUSED,
    (CustodyStatus.TRANSFERRED, Place.HERE): Effect.HANDS_OVER,
    (CustodyStatus.TRANSFERRED, Place.ELSEWHERE): Effect.REFUSED,
    (CustodyStatus.RELEASED, Place.OUTSIDE): Effect.REFUSED,
    (CustodyStatus.RELEASED, Place.HERE): Effect.FREES,
    (CustodyStatus.RELEASED, Place.ELSEWHERE): Effect.REFUSED,
}

NATIONAL: dict[Effect, dict[CustodyStatus, Effect]] = {
    Effect.REFUSED: {CustodyStatus.TRANSFERRED: Effect.HANDS_OVER, CustodyStatus.RELEASED: Effect.FREES}
}
"""The national prison system speaks for every prison: its transfers and releases hold whoever was thought to hold the
person (a message between was missed)."""


class NotInCustody(Conflict):
    """Only the prison that holds the person can report this."""

    code: ClassVar[str] = "not-in-custody"


class MovementInFuture(Invalid):
    """A movement has happened."""

    code: ClassVar[str] = "movement-in-future"


class TransferNeedsPrison(Invalid):
    """A transfer names the prison that receives the person, and no other movement does."""

    code: ClassVar[str] = "transfer-needs-prison"


@dataclass(frozen=True)
class Movement:
    """A movement as reported. `reporter` and `to_prison` are agency ids; `national`: told by the national system.
    `opens`: a registration, whose `at` is when it was made. Ids are in the order of recording."""

    id: str
    status: CustodyStatus
    at: datetime
    reporter: str
    to_prison: str | None = None
    national: bool = False
    opens: bool = False


@dataclass(frozen=True)
class Custody:
    """Where a person is held. `custody_id` is the movement that opened the present (or last) time in custody;
    `prison` is None outside; `last_prison` is who held the person last, or reported the newest movement; `moved_at` is
    when the newest movement was, None where a registration is all that is known."""

    custody_id: str
    status: CustodyStatus
    at: datetime
    prison: str | None
    last_prison: str
    movement_id: str
    moved_at: datetime | None


def is_stale(custody: Custody | None, at: datetime) -> bool:
    """Whether a movement of that time is older than the last one applied, and is therefore kept and not applied."""
    return custody is not None and custody.moved_at is not None and at < custody.moved_at


def effect_of(custody: Custody | None, movement: Movement) -> Effect:
    holder = custody.prison if custody else None
    place = Place.OUTSIDE if holder is None else Place.HERE if holder == movement.reporter else Place.ELSEWHERE
    effect = MOVES[movement.status, place]
    return NATIONAL.get(effect, {}).get(movement.status, effect) if movement.national else effect


def move(custody: Custody | None, movement: Movement) -> Custody:
    """Custody after a movement; NotInCustody where only the holder could report it. A transfer keeps `custody_id`."""
    effect = effect_of(custody, movement)
    if effect is Effect.REFUSED:
        raise NotInCustody()
    prison = {Effect.TAKES: movement.reporter, Effect.HANDS_OVER: movement.to_prison, Effect.FREES: None}[effect]
    moved_at = custody.moved_at if custody else None
    goes_on = custody is not None and (custody.prison is not None or effect is Effect.FREES)
    return Custody(
        custody_id=custody.custody_id if custody and goes_on else movement.id,
        status=movement.status,
        at=movement.at,
        prison=prison,
        last_prison=prison or movement.reporter,
        movement_id=movement.id,
        moved_at=moved_at if movement.opens else movement.at,
    )


def replay(movements: Iterable[Movement]) -> Custody | None:
    """Custody after these movements in their order (merged or moved records); skips impossible ones."""
    custody: Custody | None = None
    for movement in _in_order(movements):
        if effect_of(custody, movement) is not Effect.REFUSED:
            custody = move(custody, movement)
    return custody


def _in_order(movements: Iterable[Movement]) -> list[Movement]:
    """By their times; a registration stands after what was recorded before it, as it stood when it was made."""
    by_time = sorted(movements, key=lambda movement: (movement.at, movement.id))
    ordered = [each for each in by_time if not each.opens]
    for opening in sorted((each for each in by_time if each.opens), key=lambda each: each.id):
        before = [place for place, each in enumerate(ordered, 1) if each.id < opening.id]
        ordered.insert(max(before, default=0), opening)
    return ordered


def ensure_reportable(status: CustodyStatus, *, at: datetime, to_prison: str | None, now: datetime) -> None:
    """Refuses a movement that has not happened, or whose `to_prison` does not fit its type."""
    if at > now:
        raise MovementInFuture(pointer="/at")
    if (status is CustodyStatus.TRANSFERRED) != (to_prison is not None):
        raise TransferNeedsPrison(pointer="/to_prison")
