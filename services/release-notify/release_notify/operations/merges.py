"""Two numbers become one person, or turn out to be two after all. Everything moves; nothing is lost on the way.

Of two dates of one type the one pushed later counts, and of two movements the later one. Restriction wins: what one
number's release was told to be stays told under the kept one, at a higher version, and is retracted under the removed.

Merges and their undoings come in the streams of the numbers that are kept, so they may pass each other: of what is
heard of a number the latest holds, by the instant that caseload gave it.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from release_notify.domain import changes
from release_notify.domain.address import address_key
from release_notify.domain.state import State
from release_notify.operations.custody import close_releases, end_period, retract_release
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.queries.states import lock_persons, locked_states

MOVING = ("custody", "release", "sequence")

_KNOWN = "SELECT merged_into, merged_or_parted_at AS at FROM person WHERE person_id = :number"
_NOTE = "UPDATE person SET merged_or_parted_at = :at WHERE person_id = :number"
_OTHERS = "SELECT person_id FROM person WHERE merged_into = ANY(:ids) AND person_id <> ALL(:ids) ORDER BY person_id"
_ALL_OF = """
WITH RECURSIVE under (person_id) AS (
    SELECT CAST(:removed AS varchar)
    UNION
    SELECT p.person_id FROM person p JOIN under u ON p.merged_into = u.person_id
)
SELECT person_id FROM under
"""
_REOPEN = """
UPDATE release SET closed_at = NULL, ended_by = NULL WHERE ended_by <> ALL(:numbers) AND release_id IN (
    SELECT DISTINCT ON (recorded_person_id) release_id FROM release WHERE recorded_person_id = ANY(:numbers)
    ORDER BY recorded_person_id, closed_at IS NULL DESC, opened_at DESC
)
"""


async def merge(session: AsyncSession, merged: PersonMergedV1, *, now: datetime) -> None:
    """Moves everything of the removed number to the kept one; a second time it changes nothing."""
    await lock_persons(session, [merged.kept_id, merged.removed_id])
    if not await _stood_alone(session, merged.removed_id, merged.at, now=now):
        return
    await _stood_alone(session, merged.kept_id, merged.at, now=now)
    states = await locked_states(session, [merged.kept_id, merged.removed_id])
    kept, removed = states[merged.kept_id], states[merged.removed_id]
    if kept.person_id == removed.person_id:
        return
    if removed.release:
        await retract_release(session, removed, cause=_cause("merge", removed), now=now)
    kept = await _past_apart(session, kept, removed, now)
    await session.execute(
        text("UPDATE person SET merged_into = :kept WHERE person_id = :removed"),
        {"kept": merged.kept_id, "removed": removed.person_id},
    )
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :kept WHERE person_id = :removed"),  # noqa: S608 - from MOVING
            {"kept": kept.person_id, "removed": removed.person_id},
        )
    now_one = (await locked_states(session, [kept.person_id]))[kept.person_id]
    now_one = replace(now_one, pending=kept.pending or removed.pending)
    await _settle(session, before=kept, after=_with_release_of(now_one, removed, now), what="merge", now=now)


async def part_others(session: AsyncSession, ids: Collection[str], *, now: datetime) -> None:
    """Parts from these, who are to be erased, whoever is not named with them.

    That merge was undone: no erasure leaves out who is one with its person. It may not have been heard here yet.
    """
    for number in (await session.scalars(text(_OTHERS), {"ids": list(ids)})).all():
        await _part(session, number, now)


async def _stood_alone(session: AsyncSession, number: str, at: datetime, *, now: datetime) -> bool:
    """Parts the number from whom it was merged into before. False if something later is known of it.

    At that instant it was nobody else's: only two that stand alone are merged, and who is parted stands alone.
    """
    known = (await session.execute(text(_KNOWN), {"number": number})).one()
    if known.at is not None and known.at > at:
        return False
    if known.merged_into is not None and known.at != at:
        await _part(session, number, now)
    await session.execute(text(_NOTE), {"number": number, "at": at})
    return True


async def _past_apart(session: AsyncSession, kept: State, removed: State, now: datetime) -> State:
    """Where one's release happened and the other is held, the former is behind and its dates count no more."""
    if kept.release and kept.release.released_on and is_held(removed):
        return await end_period(session, kept, ended_by=removed.person_id, cause=_cause("merge", kept), now=now)
    if removed.release and removed.release.released_on and is_held(kept):
        await close_releases(session, removed.person_id, ended_by=kept.person_id, now=now)
    return kept


async def unmerge(session: AsyncSession, unmerged: PersonUnmergedV1, *, now: datetime) -> None:
    """Moves back what was recorded under the removed number, and under numbers merged into it before.

    It parts from whatever person it belongs to: of nested merges an inner one may be undone.
    """
    await lock_persons(session, [unmerged.removed_id])
    if await _stood_alone(session, unmerged.removed_id, unmerged.at, now=now):
        await _part(session, unmerged.removed_id, now)  # of two words of one instant the undoing is the later


async def _part(session: AsyncSession, number: str, now: datetime) -> None:
    kept = (await locked_states(session, [number]))[number]
    if kept.person_id == number:
        return
    await session.execute(text("UPDATE person SET merged_into = NULL WHERE person_id = :removed"), {"removed": number})
    numbers = list((await session.execute(text(_ALL_OF), {"removed": number})).scalars())
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :removed WHERE recorded_person_id = ANY(:numbers)"),  # noqa: S608
            {"removed": number, "numbers": numbers},
        )
    # What another's custody ended goes on: they are two. What its own ended stays behind it.
    await session.execute(text(_REOPEN), {"numbers": numbers})
    states = await locked_states(session, [kept.person_id, number])
    alone, back = states[kept.person_id], states[number]
    await _settle(session, before=kept, after=_handed_over(alone), what="unmerge", now=now)
    await _settle(session, before=back, after=_with_own_release(back, kept, now), what="unmerge", now=now)


async def _settle(session: AsyncSession, *, before: State, after: State, what: str, now: datetime) -> None:
    # The rows hold the dates already: only what follows from them is new.
    before = replace(before, dates=after.dates, sequences=after.sequences)
    around = await neighbours(session, [address_key(fact.address) for fact in after.dates.values()])
    await keep(session, [turn(before, after, cause=_cause(what, after), neighbours=around, now=now)], now=now)


def _with_release_of(kept: State, removed: State, now: datetime) -> State:
    """The kept number's release, opened if only the removed one had any; milestones that came for either are past."""
    if removed.release is None:
        return _handed_over(kept)
    prison = kept.custody.prison if kept.custody and kept.custody.prison else removed.release.prison
    opened = changes.opened(kept, release_id=new_id(), prison=prison, now=now)
    assert opened.release is not None
    release = replace(
        opened.release,
        fired=opened.release.fired | removed.release.fired,
        confirmed_address=opened.release.confirmed_address or removed.release.confirmed_address,
        decision=opened.release.decision or removed.release.decision,
        released_on=None if is_held(opened) else opened.release.released_on or removed.release.released_on,
    )
    return _handed_over(replace(opened, release=release))


def _with_own_release(back: State, kept: State, now: datetime) -> State:
    """With a release for dates that came under numbers merged into it while it was merged itself."""
    if back.release is not None or not back.dates or kept.release is None:
        return _handed_over(back)
    opened = changes.opened(back, release_id=new_id(), prison=kept.release.prison, now=now)
    assert opened.release is not None
    return _handed_over(replace(opened, release=replace(opened.release, fired=kept.release.fired)))


def _handed_over(state: State) -> State:
    """The release is the prison's that has custody now."""
    if state.release is None or state.custody is None or state.custody.prison is None:
        return state
    return replace(state, release=replace(state.release, prison=state.custody.prison))


def is_held(state: State) -> bool:
    return state.custody is not None and state.custody.prison is not None


def _cause(what: str, state: State) -> Cause:
    return Cause(what, state.release.prison if state.release else "")
