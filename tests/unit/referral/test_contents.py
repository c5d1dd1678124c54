"""The heaviest referral that the bounds allow is an offer that can be told."""

from datetime import UTC, datetime

from contracts.codes import AppointmentOutcome, Category, Need, ReferralAlert, ReferralRole, ReferralState, Urgency
from contracts.offers import OfferMadeV1
from referral.domain.contents import Facts, Meeting, referral_content
from referral.domain.side import Side
from referral.operations.act import MOST_ANSWERS
from referral.operations.appointments import MOST_APPOINTMENTS

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
HEAVIEST = "\x01"
"""Six bytes in JSON."""


def text(length: int) -> str:
    return HEAVIEST * length


def meeting(number: int) -> Meeting:
    """As the body of an appointment may be."""
    return Meeting(
        appointment_id=f"{number:036}",
        at=NOW,
        with_whom=text(200),
        place=text(200),
        participants=tuple(text(200) for _ in range(20)),
        outcome=AppointmentOutcome.CANCELLED_BY_SERVICE,
    )


def test_the_heaviest_referral_is_light_enough_to_be_offered() -> None:
    said = {
        "needs": list(Need),
        "reason": text(4000),
        "urgency": Urgency.VERY_URGENT,
        "statutory": True,
        "order_reference": text(200),
        "previous_contact": text(2000),
        "communication_needs": text(2000),
        "location": text(200),
        "information": [{"answer": text(2000), "at": NOW.isoformat()}] * MOST_ANSWERS,
    }
    facts = Facts(
        referral_id="r" * 36,
        chain_id="c" * 36,
        receiver="a" * 100,
        service_id="s" * 100,
        said=said,
        answer={},
        submitted_at=NOW,
        bounces=9,
        days=999,
        side=Side(
            role=ReferralRole.RECEIVER,
            agency="a" * 100,
            state=ReferralState.RECEIVED,
            since=NOW,
            alerts=tuple(ReferralAlert),
            due_at=NOW,
            overdue=True,
        ),
        of_sender=[meeting(number) for number in range(MOST_APPOINTMENTS)],
        contact={"name": text(200), "email": text(200), "telephone": text(200)},
    )
    offer = OfferMadeV1(
        offer_id="o" * 36,
        person_id="p" * 36,
        source="a" * 100,
        category=Category.REFERRAL,
        subject_ref="r" * 36,
        version=1,
        type="referral.changed",
        content=referral_content(facts),
        occurred_at=NOW,
    )
    weight = len(offer.model_dump_json().encode())
    assert OfferMadeV1.MAX_BYTES // 2 < weight < OfferMadeV1.MAX_BYTES * 9 // 10
