"""Erasing a person from feeds, views, ledgers, deliveries and messages, on the word of a signed entry of the log.

Every agency whose feed held a share of the person has one item in its place, at the erasure's own cursor: type
`person.erased`, with the ids that the feed knew the person by and nothing else, so that the agency finds its own copies
(UK GDPR Article 19). Tallies go on counting what was shown; it counts as blanked.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.bodies import erased_body
from gateway.domain.shares import Erased, ItemKind, derived_id
from gateway.operations.board_rows import FEED_CHANNEL

_ABOUT = "(person_id = ANY(CAST(:ids AS text[])) OR subject_ref = ANY(CAST(:subjects AS text[])))"
_HELD = f"""
SELECT agency, array_agg(DISTINCT person_id ORDER BY person_id) AS ids,
    count(*) FILTER (WHERE kind = 'share' AND NOT hidden) AS shown, count(*) FILTER (WHERE kind = 'share') AS shares,
    (array_agg(source ORDER BY cursor DESC))[1] AS source,
    (array_agg(source_kind ORDER BY cursor DESC))[1] AS source_kind,
    (array_agg(category ORDER BY cursor DESC))[1] AS category
FROM feed_item WHERE {_ABOUT} AND kind <> 'erased' GROUP BY agency ORDER BY agency
"""  # noqa: S608 - from constants alone
_SHARES = f"SELECT share_id FROM feed_item WHERE {_ABOUT} UNION SELECT share_id FROM ledger WHERE {_ABOUT}"  # noqa: S608
_ERASE = (
    "DELETE FROM told WHERE share_id = ANY(CAST(:shares AS text[])) OR subject_ref = ANY(CAST(:subjects AS text[]))",
    "DELETE FROM delivery WHERE share_id = ANY(CAST(:shares AS text[]))",
    "DELETE FROM denial WHERE share_id = ANY(CAST(:shares AS text[]))",
    "DELETE FROM fhir_message WHERE person_id = ANY(CAST(:ids AS text[]))"
    " OR referral_id = ANY(CAST(:subjects AS text[]))",
    f"DELETE FROM section WHERE {_ABOUT}",  # noqa: S608
    f"DELETE FROM ledger WHERE {_ABOUT}",  # noqa: S608
    f"DELETE FROM feed_item WHERE {_ABOUT} AND kind <> 'erased'",  # noqa: S608
    "INSERT INTO erased_person SELECT unnest(CAST(:ids AS text[])), :now ON CONFLICT DO NOTHING",
)
_TALLY = "UPDATE tally SET hidden = hidden + :shown WHERE agency = :agency"
_ITEM = "INSERT INTO feed_item SELECT * FROM json_populate_record(CAST(NULL AS feed_item), CAST(:row AS json))"
_WAKE = "SELECT pg_notify(:channel, :agency)"


async def erase(session: AsyncSession, erased: Erased, *, now: datetime) -> None:
    """Erases what is kept of these ids and subjects; a second time there is nothing to erase and nobody to tell."""
    names = {"ids": list(erased.person_ids), "subjects": list(erased.subjects)}
    held = (await session.execute(text(_HELD), names)).all()
    shares = list(await session.scalars(text(_SHARES), names))
    for statement in _ERASE:
        await session.execute(text(statement), names | {"shares": shares, "now": now})
    for row in held:
        await session.execute(text(_TALLY), {"agency": row.agency, "shown": row.shown})
        if row.shares:
            await session.execute(text(_ITEM), {"row": json.dumps(_item(erased, row), default=str)})
            await session.execute(text(_WAKE), {"channel": FEED_CHANNEL, "agency": row.agency})


def _item(erased: Erased, held: Row[Any]) -> dict[str, Any]:
    """What takes the place of everything that this agency's feed held of the person."""
    name = derived_id(erased.place.at, "erased", held.agency, erased.place.leaf_hash)
    return {
        "agency": held.agency,
        "cursor": erased.place.index,
        "kind": ItemKind.ERASED,
        "share_id": name,
        "person_id": held.ids[-1],
        "category": held.category,
        "subject_ref": name,
        "version": 1,
        "source": held.source,
        "source_kind": held.source_kind,
        "told_source": False,
        "hidden": False,
        "body": erased_body(
            erased,
            share_id=name,
            ids=held.ids,
            category=held.category,
            source=held.source,
            source_kind=held.source_kind,
        ),
        "available_at": erased.place.at,
    }


async def erase_late_messages(session: AsyncSession) -> int:
    """Messages of BaRS that were kept after their person was erased: one of these was being done then. How many."""
    result = await session.execute(text(_LATE))
    return int(getattr(result, "rowcount", 0))


_LATE = "DELETE FROM fhir_message m USING erased_person e WHERE m.person_id = e.person_id"


async def erased_of(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """Those of these persons who were erased."""
    if not ids:
        return set()
    statement = text("SELECT person_id FROM erased_person WHERE person_id = ANY(CAST(:ids AS text[]))")
    return set(await session.scalars(statement, {"ids": sorted(ids)}))
