"""Keeps what came of some turns: rows, history, events and offers, in a fixed number of statements however many."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from chassis.outbox import Lane, emit_all
from contracts.codes import Category, ChangeReason, DateType
from contracts.event import EventData
from contracts.offers import OfferMadeV1
from contracts.release import ReleaseDateChangedV1
from release_notify.domain.facts import direction, effective_address, effective_date
from release_notify.domain.settle import Told
from release_notify.domain.state import State
from release_notify.models import ChangeRow, DateRow, ReleaseRow, SequenceRow, TouchedAddressRow
from release_notify.operations.turn import Cause, Neighbours, Turn
from release_notify.operations.upsert import insert, upsert
from release_notify.queries.rows import date_row, release_row

OFFER_TYPE = ReleaseDateChangedV1.TYPE.removesuffix(".v1")


async def neighbours(session: AsyncSession, keys: Iterable[str | None]) -> Neighbours:
    """How many people give each of these addresses for a release that is theirs now."""
    wanted = sorted({key for key in keys if key})
    if not wanted:
        return {}
    found = await session.execute(
        text(
            "SELECT address_key, count(*) FROM release WHERE address_key = ANY(:keys)"
            " AND closed_at IS NULL AND person_id = recorded_person_id GROUP BY address_key"
        ),
        {"keys": wanted},
    )
    return {key: int(count) for key, count in found}


async def keep(session: AsyncSession, turns: Sequence[Turn], *, now: datetime, lane: Lane = Lane.URGENT) -> None:
    """Writes the turns in order; of several turns of one person the last state stays, the history has them all."""
    first = {turn.before.person_id: turn.before for turn in reversed(turns)}
    last = {turn.after.person_id: turn.after for turn in turns}
    await _keep_pending(session, first, last, now)
    await upsert(session, ReleaseRow, [release_row(s.release, s) for s in last.values() if s.release])
    await upsert(session, DateRow, _dates(turns))
    await upsert(session, SequenceRow, _sequences(first, last))
    await insert(session, ChangeRow, [_change(turn, now) for turn in turns if turn.told or turn.new_facts])
    touched = _touched(first, last)
    await insert(session, TouchedAddressRow, [{"touch_id": new_id(), "address_key": key} for key in touched])
    events = [event for turn in turns if turn.told for event in events_of(turn.after, turn.told, now)]
    await emit_all(session, events, now=now, lane=lane)


def events_of(state: State, told: Told, now: datetime) -> tuple[EventData, EventData]:
    """What everyone hears of a new version: the owner's history, and the offer without recipients."""
    release, content = told.release, told.content or {}
    changed = ReleaseDateChangedV1(
        person_id=state.person_id,
        release_id=release.release_id,
        version=release.version,
        date_type=DateType(content["date_type"]) if content.get("date_type") else None,
        old_date=told.old,
        new_date=told.new,
        direction=direction(told.old, told.new),
        notice_working_days=content.get("notice_working_days"),
        flags=tuple(content.get("flags", ())),
        reason=ChangeReason(content["reason"]) if content.get("reason") else None,
        prison=release.prison,
        at=now,
    )
    offer = OfferMadeV1(
        offer_id=new_id(),
        person_id=state.person_id,
        source=release.prison,
        category=Category.RELEASE_DATE,
        subject_ref=release.release_id,
        version=release.version,
        type=OFFER_TYPE,
        content=told.content,
        occurred_at=now,
    )
    return changed, offer


async def _keep_pending(session: AsyncSession, first: dict[str, State], last: dict[str, State], now: datetime) -> None:
    changed = [person_id for person_id, state in last.items() if state.pending != first[person_id].pending]
    if changed:
        await session.execute(
            text(
                "UPDATE person SET pending_since = CASE WHEN pending_since IS NULL THEN CAST(:now AS timestamptz) END"
                " WHERE person_id = ANY(:ids)"
            ),
            {"ids": changed, "now": now},
        )


def _dates(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    rows = {}
    for turn in turns:
        if turn.after.release:
            release_id = turn.after.release.release_id
            rows.update({(release_id, fact.date_type): date_row(release_id, fact) for fact in turn.new_facts})
    return list(rows.values())


def _sequences(first: dict[str, State], last: dict[str, State]) -> list[dict[str, Any]]:
    return [
        {
            "recorded_person_id": person_id,
            "prison": prison,
            "date_type": date_type.value,
            "person_id": person_id,
            "last_sequence": number,
        }
        for person_id, state in last.items()
        if state.sequences is not first[person_id].sequences
        for (prison, date_type), number in state.sequences.items()
        if number != first[person_id].sequences.get((prison, date_type))
    ]


def _touched(first: dict[str, State], last: dict[str, State]) -> list[str]:
    """Addresses that somebody came to or left."""
    found = set()
    for person_id, state in last.items():
        before, after = effective_address(first[person_id]), effective_address(state)
        if before != after:
            found |= {before, after}
    return sorted(key for key in found if key)


def change_row(
    cause: Cause, *, release_id: str, told: Told | None, dates: list[dict[str, Any]], stays: Any, now: datetime
) -> dict[str, Any]:
    """One row of the owner's history. `stays` is the effective date where nothing new is told."""
    content = (told.content if told else None) or {}
    old, new = (told.old, told.new) if told else (stays, stays)
    return {
        "change_id": new_id(),
        "release_id": release_id,
        "version": told.release.version if told else None,
        "at": now.isoformat(),
        "cause": cause.what,
        "prison": cause.agency,
        "member": cause.member,
        "dates": dates,
        "old_on": old.isoformat() if old else None,
        "new_on": new.isoformat() if new else None,
        "direction": direction(old, new).value,
        "date_type": content.get("date_type"),
        "status": content.get("status"),
        "reason": content.get("reason"),
        "notice_working_days": content.get("notice_working_days"),
        "flags": content.get("flags", []),
    }


def _change(turn: Turn, now: datetime) -> dict[str, Any]:
    release = turn.after.release
    assert release is not None  # nothing is told or dated without one
    dates = []
    for fact in turn.new_facts:
        old = turn.before.dates.get(fact.date_type)
        dates.append(
            {
                "date_type": fact.date_type.value,
                "old_date": old.date.isoformat() if old and old.date else None,
                "new_date": fact.date.isoformat() if fact.date else None,
                "status": fact.status.value,
                "reason": fact.reason.value if fact.reason else fact.withdrawal_reason,
            }
        )
    stays = effective_date(release)
    return change_row(turn.cause, release_id=release.release_id, told=turn.told, dates=dates, stays=stays, now=now)
