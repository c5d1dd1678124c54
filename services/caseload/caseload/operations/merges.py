"""Merging two records of one person, and undoing it. Rows keep under which record they were written, so an unmerge
moves back exactly what the merge moved.
"""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.references import PersonNotFound
from caseload.models import MatchingDoubt, Merge, Person
from caseload.operations.custody import recompute, retract_custody
from caseload.operations.shadowed import tell_of_shadows
from caseload.queries import people
from caseload.queries.standing import shadowed
from chassis.ids import new_id
from chassis.outbox import emit
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.errors import Conflict, Invalid, NotFound

MOVED = ("person_identifier", "registration", "involvement", "movement", "section", "warning", "taken_on")
"""Tables whose rows follow their person; each has person_id and recorded_person_id."""

_SUBTREE = """
WITH RECURSIVE tree AS (
    SELECT id FROM person WHERE id = :id
    UNION ALL
    SELECT person.id FROM person JOIN tree ON person.alias_of = tree.id
)
SELECT id FROM tree
"""


class SameRecord(Invalid):
    """A record is not merged with itself."""

    code = "same-record"


class AlreadyMerged(Conflict):
    """One of the two records is merged into another already."""

    code = "already-merged"


class MergeNotFound(NotFound):
    """There is no such merge."""

    code = "merge-not-found"


class AlreadyReversed(Conflict):
    """The merge was undone before."""

    code = "already-reversed"


class DoubtNotFound(NotFound):
    """There is no such doubt."""

    code = "doubt-not-found"


class DoubtSettled(Conflict):
    """The doubt was settled before."""

    code = "doubt-settled"


class NothingToMerge(Invalid):
    """Only a doubt between two records can be settled by merging, and `keep` is one of the two."""

    code = "nothing-to-merge"


async def merge(
    session: AsyncSession,
    *,
    kept_id: str,
    removed_id: str,
    cause: Literal["operator", "hmpps"],
    merged_by: str,
    now: datetime,
) -> Merge:
    """Moves everything of the removed record to the kept one, under both rows' locks."""
    if kept_id == removed_id:
        raise SameRecord()
    await _lock_both(session, kept_id, removed_id)
    at = await _after_the_last(session, kept_id, removed_id, now)
    row = Merge(id=new_id(), kept_id=kept_id, removed_id=removed_id, cause=cause, merged_by=merged_by, merged_at=at)
    session.add(row)
    unread = await shadowed(session, kept_id, removed_id)
    for table in MOVED:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :kept WHERE person_id = :removed"),  # noqa: S608
            {"kept": kept_id, "removed": removed_id},
        )
    await session.execute(
        text("UPDATE person SET alias_of = :kept WHERE id = :removed"), {"kept": kept_id, "removed": removed_id}
    )
    await _forget(session)
    await emit(session, PersonMergedV1(merge_id=row.id, kept_id=kept_id, removed_id=removed_id, at=at), now=now)
    await retract_custody(session, record_id=removed_id, person_id=kept_id, now=now)
    await tell_of_shadows(session, before=unread, after=await shadowed(session, kept_id), now=now)
    await recompute(session, person_id=kept_id, via="merge", now=now)
    await _settle(session, kept_id, removed_id, merged_by, now)
    return row


async def unmerge(session: AsyncSession, *, merge_id: str, reversed_by: str, now: datetime) -> Merge:
    """Undoes a merge: what was written under the removed record (and what had been merged into it) goes back."""
    row = await session.get(Merge, merge_id, with_for_update=True)
    if row is None:
        raise MergeNotFound()
    if row.reversed_at is not None:
        raise AlreadyReversed()
    kept_id, removed_id = row.kept_id, row.removed_id
    await session.execute(
        text("SELECT id FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"), {"ids": [kept_id, removed_id]}
    )
    holder_id = (await people.lock(session, [kept_id]))[kept_id]
    unread = await shadowed(session, holder_id)
    subtree = [id_ for (id_,) in await session.execute(text(_SUBTREE), {"id": removed_id})]
    for table in MOVED:
        await session.execute(
            text(
                f"UPDATE {table} SET person_id = :removed"  # noqa: S608
                " WHERE person_id = :holder AND recorded_person_id = ANY(:subtree)"
            ),
            {"removed": removed_id, "holder": holder_id, "subtree": subtree},
        )
    await session.execute(text("UPDATE person SET alias_of = NULL WHERE id = :id"), {"id": removed_id})
    at = await _after_the_last(session, kept_id, removed_id, now)
    await session.execute(
        text("UPDATE merge SET reversed_by = :by, reversed_at = :at WHERE id = :id"),
        {"by": reversed_by, "at": at, "id": merge_id},
    )
    await _forget(session)
    await emit(session, PersonUnmergedV1(merge_id=merge_id, kept_id=holder_id, removed_id=removed_id, at=at), now=now)
    await tell_of_shadows(session, before=unread, after=await shadowed(session, holder_id, removed_id), now=now)
    await recompute(session, person_id=holder_id, via="merge", now=now)
    await recompute(session, person_id=removed_id, via="merge", now=now, always=True)
    return await session.get_one(Merge, merge_id)


async def settle_doubt(
    session: AsyncSession, *, doubt_id: str, keep: str | None, settled_by: str, now: datetime
) -> MatchingDoubt:
    """Settles a doubt: `keep` names the record that goes on, None keeps the two apart."""
    doubt = await session.get(MatchingDoubt, doubt_id, with_for_update=True)
    if doubt is None:
        raise DoubtNotFound()
    if doubt.state != "open":
        raise DoubtSettled()
    if keep is None:
        doubt.state, doubt.settled_by, doubt.settled_at = "apart", settled_by, now
        session.add(doubt)
        await session.flush()
        return doubt
    pair = {doubt.person_id, doubt.other_person_id}
    if doubt.other_person_id is None or keep not in pair:
        raise NothingToMerge(pointer="/keep")
    (removed,) = pair - {keep}
    await merge(session, kept_id=keep, removed_id=str(removed), cause="operator", merged_by=settled_by, now=now)
    return await session.get_one(MatchingDoubt, doubt_id)


async def _forget(session: AsyncSession) -> None:
    """What the session has read before its rows moved is read again."""
    await session.flush()
    session.expunge_all()


async def _settle(session: AsyncSession, kept_id: str, removed_id: str, by: str, now: datetime) -> None:
    """Doubts between the two records are answered by the merge."""
    await session.execute(
        text(
            "UPDATE matching_doubt SET state = 'merged', settled_by = :by, settled_at = :now WHERE state = 'open'"
            " AND ((person_id = :a AND other_person_id = :b) OR (person_id = :b AND other_person_id = :a))"
        ),
        {"a": kept_id, "b": removed_id, "by": by, "now": now},
    )


async def _after_the_last(session: AsyncSession, one: str, other: str, now: datetime) -> datetime:
    """Now, but later than any merge or undoing of either record: who hears of them takes the latest for true."""
    last: datetime | None = await session.scalar(
        text(
            "SELECT max(greatest(merged_at, reversed_at)) FROM merge"
            " WHERE kept_id IN (:one, :other) OR removed_id IN (:one, :other)"
        ),
        {"one": one, "other": other},
    )
    return now if last is None else max(now, last + timedelta(microseconds=1))


async def _lock_both(session: AsyncSession, kept_id: str, removed_id: str) -> None:
    rows = await session.scalars(
        select(Person)
        .where(col(Person.id).in_([kept_id, removed_id]))
        .order_by(col(Person.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = rows.all()
    if len(found) < 2 or any(each.erased_at is not None for each in found):
        raise PersonNotFound()
    if any(each.alias_of is not None for each in found):
        raise AlreadyMerged()
