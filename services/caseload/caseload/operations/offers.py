"""The offers of caseload as events: facts without recipients (only warnings are addressed).

What an agency said is told under the number that it was recorded under: consent may hear it before or after a merge,
or its undoing, and whose it is follows from the number.
"""

from collections.abc import Sequence
from datetime import datetime

from caseload.domain.identifiers import Identifier
from caseload.models import CustodyRow, Registration, Section, WarningRow
from chassis.ids import new_id
from contracts.codes import Category, CustodyStatus
from contracts.content import CustodyStatusContent, IdentifierValue, IdentityContent, PersonName
from contracts.event import JsonObject
from contracts.offers import Addressee, EmergencyAssertion, OfferMadeV1

TYPES: dict[Category, str] = {
    Category.IDENTITY: "identity.changed",
    Category.CUSTODY_STATUS: "custody.changed",
    Category.ACCOMMODATION: "accommodation.changed",
    Category.LICENCE_CONDITIONS: "licence-conditions.changed",
    Category.RISK_MARKERS: "risk-markers.changed",
    Category.MEDICATION: "medication.changed",
    Category.CASELOAD: "caseload.changed",
    Category.WARNING: "warning.sent",
}
"""What a feed item of each category is called."""


def identity_offer(
    row: Registration, identifiers: Sequence[Identifier], *, now: datetime, retracted: bool = False
) -> OfferMadeV1:
    """The identity as one agency registered it, whole; consent removes fields clause by clause."""
    content = IdentityContent(
        identifiers=tuple(IdentifierValue(scheme=each.scheme, value=each.value) for each in identifiers),
        name=PersonName(family=row.family, given=row.given),
        date_of_birth=row.date_of_birth,
        sex=row.sex,
        languages=tuple(row.languages) if row.languages else None,
    )
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=row.recorded_person_id,
        source=row.agency,
        category=Category.IDENTITY,
        subject_ref=row.id,
        version=row.version,
        type=TYPES[Category.IDENTITY],
        content=None if retracted else content.model_dump(mode="json", exclude_none=True),
        occurred_at=now,
    )


def custody_offer(row: CustodyRow, *, person_id: str, retracted: bool = False) -> OfferMadeV1:
    """The newest movement, offered by the prison that holds the person or held them last."""
    content = CustodyStatusContent(status=CustodyStatus(row.status), at=row.at, prison=row.last_prison)
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=person_id,
        source=row.last_prison,
        category=Category.CUSTODY_STATUS,
        subject_ref=row.offer_ref,
        version=row.offer_version,
        type=TYPES[Category.CUSTODY_STATUS],
        content=None if retracted else content.model_dump(mode="json", exclude_none=True),
        occurred_at=row.at,
    )


def section_offer(row: Section, *, now: datetime, retracted: bool = False) -> OfferMadeV1:
    """An agency's own facts of one category, under the number that they were recorded under."""
    category = Category(row.category)
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=row.recorded_person_id,
        source=row.agency,
        category=category,
        subject_ref=row.id,
        version=row.version,
        type=TYPES[category],
        content=None if retracted else row.content,
        occurred_at=now,
    )


def warning_offer(row: WarningRow) -> OfferMadeV1:
    """An emergency push: addressed, with the member and the justification it rests on (clause 9.1)."""
    content: JsonObject = {"risk": row.risk, "text": row.body}
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=row.recorded_person_id,
        source=row.agency,
        category=Category.WARNING,
        subject_ref=row.id,
        version=1,
        type=TYPES[Category.WARNING],
        content=content,
        occurred_at=row.sent_at,
        addressees=tuple(Addressee.model_validate(each) for each in row.addressees),
        emergency=EmergencyAssertion(member=row.member, justification=row.justification),
    )
