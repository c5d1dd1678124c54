"""After a merge is undone: what was taken back while the two were one stands with both, as a row of each.

Invariant: a copy says the same at the same time, under an id and a number of its own, so that a later merge brings the
two together and a later parting finds that both have it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from consent.domain.parting import holds_for_both
from consent.models import ConsentRow, ObjectionRow, PersonRow, WithdrawalRow
from consent.queries.facts import by_person

Word = ConsentRow | ObjectionRow | WithdrawalRow
WORDS: tuple[type[Word], ...] = (WithdrawalRow, ObjectionRow, ConsentRow)
ITS_OWN = {"id", "person_id", "recorded_person_id", "version"}
"""What a copy does not share with its like."""


async def keep_taken_back(
    session: AsyncSession, *, kept: PersonRow, under: str, removed: PersonRow, one_since: datetime
) -> None:
    """Copies for each what the other one has of it. What the kept person gets counts as recorded `under` that number.

    Nothing is copied to who was erased.
    """
    sides = ((kept, removed, removed.id), (removed, kept, under))
    for table in WORDS:
        said = await by_person(session, table, [kept.id, removed.id])
        for one, other, number in sides:
            if other.erased_at is None:
                session.add_all(_missing(said[one.id], said[other.id], other, number, one_since))


def _missing(
    said: Iterable[Word], there: Iterable[Word], other: PersonRow, number: str, one_since: datetime
) -> Iterable[Word]:
    known = [_contents(row) for row in there]
    for row in said:
        if holds_for_both(agrees=_agrees(row), recorded_at=_recorded_at(row), one_since=one_since):
            contents = _contents(row)
            if contents not in known:
                known.append(contents)
                own: dict[str, Any] = {"id": new_id(), "person_id": other.id, "recorded_person_id": number}
                yield type(row)(**contents, **own, version=other.version)


def _contents(row: Word) -> dict[str, Any]:
    return row.model_dump(exclude=ITS_OWN)


def _agrees(row: Word) -> bool:
    return isinstance(row, ConsentRow) and row.decision == "given"


def _recorded_at(row: Word) -> datetime:
    return row.at if isinstance(row, WithdrawalRow) else row.recorded_at
