"""A board's changes as rows, in one order of tables, in bulk."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.board import Changes
from gateway.domain.bodies import blanked
from gateway.domain.shares import Item, LedgerLine, Visible

FEED_CHANNEL = "feed"

_BODIES = """
SELECT agency, cursor, body FROM feed_item
JOIN unnest(CAST(:agencies AS text[]), CAST(:cursors AS bigint[])) s(a, c) ON agency = s.a AND cursor = s.c
FOR UPDATE OF feed_item
"""
_BLANK = """
UPDATE feed_item SET hidden = true, release_date = NULL, body = :body WHERE agency = :agency AND cursor = :cursor
"""
_UNSHOW = """
DELETE FROM section USING unnest(CAST(:agencies AS text[]), CAST(:categories AS text[]), CAST(:subjects AS text[]))
    s(a, c, r) WHERE agency = s.a AND category = s.c AND subject_ref = s.r
"""
_OUTDATE = "UPDATE ledger SET current = false WHERE share_id = ANY(CAST(:shares AS text[]))"
_WITHDRAW = "UPDATE ledger SET state = 'withdrawn' WHERE share_id = ANY(CAST(:shares AS text[])) AND state = 'recorded'"
_TALLY = """
INSERT INTO tally (agency, shares, hidden)
SELECT * FROM unnest(CAST(:agencies AS text[]), CAST(:shares AS bigint[]), CAST(:hidden AS bigint[]))
ON CONFLICT (agency) DO UPDATE SET shares = tally.shares + EXCLUDED.shares, hidden = tally.hidden + EXCLUDED.hidden
"""
_ITEMS = "INSERT INTO feed_item SELECT * FROM json_populate_recordset(CAST(NULL AS feed_item), CAST(:rows AS json))"
_SECTIONS = """
INSERT INTO section SELECT * FROM json_populate_recordset(CAST(NULL AS section), CAST(:rows AS json))
ON CONFLICT (agency, category, subject_ref) DO UPDATE SET person_id = EXCLUDED.person_id, version = EXCLUDED.version,
    share_id = EXCLUDED.share_id, cursor = EXCLUDED.cursor, body = EXCLUDED.body
"""
_LEDGER = """
INSERT INTO ledger SELECT * FROM json_populate_recordset(CAST(NULL AS ledger), CAST(:rows AS json))
ON CONFLICT DO NOTHING
"""
_TOLD = """
INSERT INTO told SELECT * FROM json_populate_recordset(CAST(NULL AS told), CAST(:rows AS json))
ON CONFLICT (source, category, subject_ref, recipient) DO UPDATE SET share_id = EXCLUDED.share_id
"""
_DENIALS = """
INSERT INTO denial SELECT * FROM json_populate_recordset(CAST(NULL AS denial), CAST(:rows AS json))
ON CONFLICT (share_id) DO UPDATE SET effect = EXCLUDED.effect
"""
_WAKE = "SELECT pg_notify(:channel, agency) FROM unnest(CAST(:agencies AS text[])) s(agency)"


async def write(session: AsyncSession, changes: Changes, *, now: datetime) -> None:
    """Write what changed and wake whoever waits for it; the wake-up goes out with the commit."""
    await _deny(session, changes, now)
    await _feed(session, changes)
    await _views(session, changes)
    await _ledger(session, changes)
    if agencies := sorted(changes.shares.keys() | changes.hidden.keys()):
        counts = {
            "agencies": agencies,
            "shares": [changes.shares[agency] for agency in agencies],
            "hidden": [changes.hidden[agency] for agency in agencies],
        }
        await session.execute(text(_TALLY), counts)
    if changes.awake:
        await session.execute(text(_WAKE), {"channel": FEED_CHANNEL, "agencies": sorted(changes.awake)})


async def _deny(session: AsyncSession, changes: Changes, now: datetime) -> None:
    rows = [
        {"share_id": share_id, "agency": agency, "effect": effect, "at": now}
        for share_id, (agency, effect) in sorted(changes.denied.items())
    ]
    await _put(session, _DENIALS, rows)


async def _feed(session: AsyncSession, changes: Changes) -> None:
    if changes.blanked:
        agencies, cursors = map(list, zip(*sorted(changes.blanked), strict=True))
        rows = (await session.execute(text(_BODIES), {"agencies": agencies, "cursors": cursors})).all()
        blank = [{"agency": row.agency, "cursor": row.cursor, "body": blanked(row.body)} for row in rows]
        await session.execute(text(_BLANK), blank)
    await _put(session, _ITEMS, [_fields(item) for item in changes.items.values()])


async def _views(session: AsyncSession, changes: Changes) -> None:
    gone = [subject for subject, visible in changes.visible.items() if visible is None]
    if gone:
        agencies, categories, subjects = map(list, zip(*gone, strict=True))
        await session.execute(text(_UNSHOW), {"agencies": agencies, "categories": categories, "subjects": subjects})
    rows = [
        {"agency": agency, "category": category, "subject_ref": subject_ref, **_fields(visible)}
        for (agency, category, subject_ref), visible in changes.visible.items()
        if visible is not None
    ]
    await _put(session, _SECTIONS, rows)


async def _ledger(session: AsyncSession, changes: Changes) -> None:
    rows = [{**_fields(line), "current": line.share_id not in changes.outdated} for line in changes.ledger.values()]
    await _put(session, _LEDGER, rows)
    if changes.outdated:
        await session.execute(text(_OUTDATE), {"shares": sorted(changes.outdated)})
    if changes.withdrawn:
        await session.execute(text(_WITHDRAW), {"shares": sorted(changes.withdrawn)})
    told = [
        {"source": source, "category": category, "subject_ref": subject, "recipient": recipient, "share_id": share}
        for (source, category, subject, recipient), share in sorted(changes.told.items())
    ]
    await _put(session, _TOLD, told)


async def _put(session: AsyncSession, statement: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Any number of rows in one statement and one parameter: many times faster than a parameter per value."""
    if rows:
        await session.execute(text(statement), {"rows": json.dumps(rows, default=str, ensure_ascii=False)})


def _fields(row: Item | Visible | LedgerLine) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}
