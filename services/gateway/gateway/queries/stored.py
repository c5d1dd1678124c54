"""What the projector reads back before it applies a batch: three statements, however many entries the batch has."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.codes import Effect
from gateway.domain.board import Subject
from gateway.domain.shares import Item, ItemKind, Visible

_SUBJECTS_OF = """
SELECT DISTINCT agency, category, subject_ref FROM feed_item
JOIN unnest(CAST(:agencies AS text[]), CAST(:shares AS text[])) s(a, i) ON agency = s.a AND share_id = s.i
"""
_ITEMS = """
SELECT f.agency, f.cursor, f.kind, f.share_id, f.person_id, f.category, f.subject_ref, f.version, f.source,
    f.source_kind, f.told_source,
f.purpose, f.basis, f.clause, f.release_date, f.hidden, f.available_at
FROM feed_item f
JOIN unnest(CAST(:agencies AS text[]), CAST(:categories AS text[]), CAST(:subjects AS text[])) s(a, c, r)
  ON f.agency = s.a AND f.subject_ref = s.r AND f.category = s.c
ORDER BY f.cursor
"""
_VISIBLE = """
SELECT agency, category, subject_ref, person_id, version, share_id, cursor FROM section
JOIN unnest(CAST(:agencies AS text[]), CAST(:categories AS text[]), CAST(:subjects AS text[])) s(a, c, r)
  ON agency = s.a AND category = s.c AND subject_ref = s.r
"""
_DENIED = "SELECT share_id, effect FROM denial WHERE share_id = ANY(CAST(:shares AS text[]))"
_TOLD = """
SELECT source, category, subject_ref, recipient, share_id FROM told
JOIN unnest(CAST(:sources AS text[]), CAST(:categories AS text[]), CAST(:subjects AS text[]),
            CAST(:recipients AS text[])) s(a, c, r, o)
  ON source = s.a AND category = s.c AND subject_ref = s.r AND recipient = s.o
"""


async def subjects_of(session: AsyncSession, shares: Collection[tuple[str, str]]) -> set[Subject]:
    """The subjects of these (agency, share id), as far as their feeds know them."""
    if not shares:
        return set()
    agencies, ids = zip(*shares, strict=True)
    rows = await session.execute(text(_SUBJECTS_OF), {"agencies": list(agencies), "shares": list(ids)})
    return {(row[0], row[1], row[2]) for row in rows}


async def items(session: AsyncSession, subjects: Collection[Subject]) -> list[Item]:
    """Every feed item about these subjects, without its body, oldest first."""
    if not subjects:
        return []
    rows = await session.execute(text(_ITEMS), _of(subjects))
    return [Item(**{**row._mapping, "kind": ItemKind(row.kind)}) for row in rows]


async def visible(session: AsyncSession, subjects: Collection[Subject]) -> list[tuple[Subject, Visible]]:
    """What stands in the views of these subjects."""
    if not subjects:
        return []
    rows = await session.execute(text(_VISIBLE), _of(subjects))
    return [
        (
            (row.agency, row.category, row.subject_ref),
            Visible(person_id=row.person_id, version=row.version, share_id=row.share_id, cursor=row.cursor),
        )
        for row in rows
    ]


async def denied(session: AsyncSession, shares: Collection[str]) -> list[tuple[str, Effect]]:
    """Which of these shares are denied, and how."""
    if not shares:
        return []
    rows = await session.execute(text(_DENIED), {"shares": list(shares)})
    return [(row.share_id, Effect(row.effect)) for row in rows]


async def told(
    session: AsyncSession, keys: Collection[tuple[str, str, str, str]]
) -> list[tuple[tuple[str, str, str, str], str]]:
    """The newest decision per source, category, subject and recipient."""
    if not keys:
        return []
    sources, categories, subjects, recipients = map(list, zip(*keys, strict=True))
    names = {"sources": sources, "categories": categories, "subjects": subjects, "recipients": recipients}
    rows = await session.execute(text(_TOLD), names)
    return [((row.source, row.category, row.subject_ref, row.recipient), row.share_id) for row in rows]


def _of(subjects: Collection[Subject]) -> dict[str, list[str]]:
    agencies, categories, refs = map(list, zip(*subjects, strict=True))
    return {"agencies": agencies, "categories": categories, "subjects": refs}
