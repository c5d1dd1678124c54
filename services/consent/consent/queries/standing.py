"""What stands about persons: their current offers, live shares, newest refusals and reviews that were failed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from consent.domain.plan import LiveShare, Refused
from consent.models import OfferRow
from consent.queries.facts import by_person
from contracts.codes import Basis, Reason

Subject = tuple[str, str]
"""Category and subject_ref: what names an offer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of some persons: offers by person; the rest by subject."""

    offers: dict[str, list[OfferRow]]
    live: defaultdict[Subject, list[LiveShare]]
    ended: defaultdict[Subject, list[LiveShare]]
    """Shares that stood on consent and ended without being taken back, the latest first."""
    refused: defaultdict[Subject, dict[str, Refused]]
    unjustified: defaultdict[Subject, set[str]]


async def standing_of(session: AsyncSession, ids: Sequence[str]) -> Standing:
    """What stands about these persons, read under their locks."""
    offers = await by_person(session, OfferRow, ids)
    for rows in offers.values():
        rows.sort(key=lambda row: (row.category, row.subject_ref))
    return Standing(
        offers,
        live=await _shares(session, _LIVE, ids),
        ended=await _shares(session, _ENDED_ON_CONSENT, ids),
        refused=await _refused(session, ids),
        unjustified=await _unjustified(session, ids),
    )


def subject_of(row: OfferRow) -> Subject:
    return str(row.category), row.subject_ref


async def _shares(session: AsyncSession, which: str, ids: Sequence[str]) -> defaultdict[Subject, list[LiveShare]]:
    found: defaultdict[Subject, list[LiveShare]] = defaultdict(list)
    rows = await session.execute(text(_SHARES + which), {"ids": list(ids)})
    for category, ref, share_id, recipient, version, clause, basis, digest, request, elsewhere in rows:
        share = LiveShare(share_id, recipient, version, clause, Basis(basis), digest, request, bool(elsewhere))
        found[category, ref].append(share)
    return found


async def _refused(session: AsyncSession, ids: Sequence[str]) -> defaultdict[Subject, dict[str, Refused]]:
    found: defaultdict[Subject, dict[str, Refused]] = defaultdict(dict)
    for category, ref, recipient, version, reason in await session.execute(text(_REFUSED), {"ids": list(ids)}):
        found[category, ref][recipient] = Refused(version, Reason(reason))
    return found


async def _unjustified(session: AsyncSession, ids: Sequence[str]) -> defaultdict[Subject, set[str]]:
    found: defaultdict[Subject, set[str]] = defaultdict(set)
    for category, ref, recipient in await session.execute(text(_UNJUSTIFIED), {"ids": list(ids)}):
        found[category, ref].add(recipient)
    return found


_SHARES = """
SELECT category, subject_ref, id, recipient, offer_version, clause, basis, content_digest, request_id,
    told_as <> person_id AND person_id <> (
        WITH RECURSIVE way AS (
            SELECT id, alias_of FROM person WHERE id = told_as
            UNION ALL SELECT person.id, person.alias_of FROM person JOIN way ON person.id = way.alias_of
        )
        SELECT id FROM way WHERE alias_of IS NULL
    )
FROM share WHERE person_id = ANY(:ids)
"""
_LIVE = " AND ended_at IS NULL"
_ENDED_ON_CONSENT = " AND basis = 'consent' AND effect = 'end' ORDER BY ended_at DESC, id"
_REFUSED = """
SELECT refusal.category, refusal.subject_ref, recipient, offer_version, reason
FROM refusal JOIN offer USING (category, subject_ref) WHERE offer.person_id = ANY(:ids)
"""
_UNJUSTIFIED = """
SELECT category, subject_ref, recipient
FROM review WHERE person_id = ANY(:ids) AND outcome = 'not-justified' AND request_id IS NULL
"""
