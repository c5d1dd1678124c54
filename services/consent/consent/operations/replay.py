"""Taking a decision again on what it was taken on: the same bytes, or something changed that must not."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from consent.domain.decide import decide
from consent.domain.explain import verdict_text
from consent.domain.facts import Question
from consent.domain.policy import compile_policy
from consent.models import DecisionInputRow, DecisionRow
from consent.operations.inputs import AGENCY, OFFER, PERSON
from consent.queries.policy import agreements_of
from contracts.errors import NotFound


class DecisionNotFound(NotFound):
    """There is no decision of that id."""

    code = "decision-not-found"


@dataclass(frozen=True, slots=True)
class Replay:
    """The verdict as it was written, and as it is now."""

    was: str
    now: str


async def replay(session: AsyncSession, *, share_id: str) -> Replay:
    """Runs the decision again. Raises DecisionNotFound."""
    row = await session.get(DecisionRow, share_id)
    if row is None:
        raise DecisionNotFound
    taken_on = await session.get_one(DecisionInputRow, row.input_id)
    policy = compile_policy(await agreements_of(session, taken_on.agreements), version=0)
    question = Question(
        offer=OFFER.validate_json(taken_on.offer),
        recipient=AGENCY.validate_json(row.recipient),
        person=PERSON.validate_json(taken_on.person),
        now=taken_on.decided_at,
        stood_on=row.stood_on,
    )
    return Replay(row.verdict, verdict_text(decide(question, policy)))
