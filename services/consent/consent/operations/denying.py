"""What is hidden at once when a share is taken back: the share, and the older ones whose place it took.

A gateway shows the newest version that it has. While the newest is still in the pipe that is an older one, which no
withdrawal would name if only the newest were named: it would stay in the view, or come into it late.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from contracts.codes import Effect
from contracts.decisions import DeniedShare, ShareDeniedV1

MOST = 10_000
"""Shares that one event names: a megabyte of ids."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A share that ends with an effect. With `older_alone` it is shown until another takes its place."""

    share_id: str
    recipient: str
    person_id: str
    effect: Effect
    at: datetime
    older_alone: bool = False


async def denials_of(session: AsyncSession, denied: Sequence[Denied]) -> list[ShareDeniedV1]:
    """The events that hide these shares and those whose place they took; before their ends are written.

    What stood on another basis leaves the view with the rest and stays in the feed: it was lawful, and is.
    """
    if not denied:
        return []
    older: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for newest, share_id, same_basis in await session.execute(
        text(_OLDER), {"ids": [each.share_id for each in denied]}
    ):
        older[newest].append((share_id, same_basis))
    events = []
    for each in denied:
        alike = [share_id for share_id, same_basis in older[each.share_id] if same_basis]
        events += _events(each, each.effect, alike if each.older_alone else [each.share_id, *alike])
        if not each.older_alone:
            events += _events(each, Effect.END, [share_id for share_id, same in older[each.share_id] if not same])
    return events


def _events(denied: Denied, effect: Effect, shares: Sequence[str]) -> list[ShareDeniedV1]:
    named = [DeniedShare(share_id=share_id, recipient=denied.recipient) for share_id in shares]
    return hiding(named, person_id=denied.person_id, effect=effect, at=denied.at)


def hiding(shares: Sequence[DeniedShare], *, person_id: str, effect: Effect, at: datetime) -> list[ShareDeniedV1]:
    """The events that hide these shares, none for none: however many there are, no event is too heavy to be sent."""
    parts = [tuple(shares[start : start + MOST]) for start in range(0, len(shares), MOST)]
    return [ShareDeniedV1(denial_id=new_id(), person_id=person_id, effect=effect, shares=part, at=at) for part in parts]


_OLDER = """
SELECT newest.id, older.id, older.basis = newest.basis
FROM share newest JOIN share older USING (category, subject_ref, recipient)
WHERE newest.id = ANY(:ids) AND older.ended_at IS NOT NULL AND older.effect IS NULL
  AND older.decided_at <= newest.decided_at AND older.decided_at >= coalesce(
    (SELECT max(taken.ended_at) FROM share taken
     WHERE taken.effect IS NOT NULL AND taken.category = newest.category
       AND taken.subject_ref = newest.subject_ref AND taken.recipient = newest.recipient
       AND (newest.ended_at IS NULL OR taken.ended_at < newest.ended_at)),
    '-infinity')
ORDER BY newest.id, older.decided_at DESC, older.id
"""
"""Back to the last one that was taken back itself, which was named with its own."""
