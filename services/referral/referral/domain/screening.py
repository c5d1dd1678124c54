"""The life of a screening request, as one table. Each side stands where it may know that it stands.

The side of who is asked is what is so. Who asks comes to know of an answer when it is shared, and of nothing else: an
answer that was refused to them leaves their side as it was. An answer is given once.
"""

from enum import StrEnum

from contracts.codes import ReferralRole
from contracts.screening import ScreeningState

S = ScreeningState
SENDER, RECEIVER = ReferralRole.SENDER, ReferralRole.RECEIVER


class Step(StrEnum):
    """What happens to a request."""

    REACHED = "reached"
    """Its share is in the log."""
    REFUSED = "refused"
    """Its share was refused, or has lost its ground."""
    ANSWER = "answer"
    """Who is asked answers."""
    SHOWN = "shown"
    """The answer was shared with who asked."""
    HIDDEN = "hidden"
    """The answer is shared with them no more."""


Moves = dict[ScreeningState, dict[Step, ScreeningState]]
"""A side's state -> what happens -> its next state. What is not here leaves the side as it is."""

SENT: Moves = {
    S.PENDING: {Step.REACHED: S.RECEIVED, Step.REFUSED: S.AWAITING_CONSENT},
    S.AWAITING_CONSENT: {Step.REACHED: S.RECEIVED, Step.SHOWN: S.ANSWERED},
    S.RECEIVED: {Step.REFUSED: S.AWAITING_CONSENT, Step.SHOWN: S.ANSWERED},
    S.ANSWERED: {Step.HIDDEN: S.AWAITING_CONSENT},
}
RECEIVED: Moves = {
    S.PENDING: {Step.REACHED: S.RECEIVED, Step.REFUSED: S.AWAITING_CONSENT},
    S.AWAITING_CONSENT: {Step.REACHED: S.RECEIVED},
    S.RECEIVED: {Step.REFUSED: S.AWAITING_CONSENT, Step.ANSWER: S.ANSWERED},
    S.ANSWERED: {},
}


def after(role: ReferralRole, state: ScreeningState, step: Step) -> ScreeningState | None:
    """The state that follows, None where the step changes nothing."""
    return (SENT if role is SENDER else RECEIVED)[state].get(step)


def may_answer(role: ReferralRole, state: ScreeningState) -> bool:
    return role is RECEIVER and Step.ANSWER in RECEIVED[state]
