"""HTTP bodies of screening requests: "is this person known to you?", answered with one of three words.

As with referrals the owner answers each side with what that side wrote and the state that it may know; the other side's
word reaches it as a share, and its gateway joins the two.
"""

from typing import Annotated, Literal

from pydantic import Field

from contracts.event import Instant
from contracts.http.referral import Body, Id, Text
from contracts.screening import ScreeningAnswer, ScreeningState


class ScreeningBody(Body):
    """`POST /people/{person}/screening-requests`. `reason` goes to the agency that is asked, and to nobody else."""

    to_agency: Id
    reason: Text | None = None


class ScreeningAnswerBody(Body):
    """`POST /screening-requests/{id}/answer`; once, for good."""

    answer: ScreeningAnswer


class Screening(Body):
    """A screening request as one side sees it. `answer` is one's own, or as it was shared; it goes when the consent
    goes. `received_at` is when the one who is asked got it, `answered_at` when this side had the answer."""

    screening_id: str
    version: int
    person_id: str
    from_agency: Annotated[str, Field(alias="from")]
    to: str
    direction: Literal["sent", "received"]
    state: ScreeningState
    reason: str | None = None
    asked_at: Instant
    received_at: Instant | None = None
    answer: ScreeningAnswer | None = None
    answered_at: Instant | None = None
    allowed_actions: list[Literal["answer"]]


class ScreeningList(Body):
    items: list[Screening]
    next: str | None
