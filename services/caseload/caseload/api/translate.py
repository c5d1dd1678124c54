"""Between HTTP bodies and the values of the domain."""

from datetime import date

from caseload.domain.identifiers import Identifier, canonical_all
from caseload.domain.involvement import Claim
from caseload.models import Involvement, Registration
from caseload.operations.registration_plan import Line
from contracts.codes import InvolvementState
from contracts.content import PersonName
from contracts.http.caseload import (
    IdentifierAnswer,
    IdentifierBody,
    InvolvementAnswer,
    InvolvementBody,
    NameBody,
    RegistrationAnswer,
)


def line_of(
    reference: str | Identifier | None,
    *,
    identifiers: list[IdentifierBody],
    name: NameBody,
    date_of_birth: date,
    sex: str | None = None,
    languages: list[str] | None = None,
    today: date,
) -> Line:
    """A registration's line; InvalidIdentifier and ContradictoryIdentifiers point at the identifier."""
    beside = reference if isinstance(reference, Identifier) else None
    given = canonical_all(((each.scheme, each.value) for each in identifiers), today=today, beside=beside)
    return Line(
        reference=reference,
        identifiers=tuple(given),
        family=name.family,
        given=name.given,
        date_of_birth=date_of_birth,
        sex=sex,
        languages=tuple(languages) if languages else None,
    )


def registration_answer(row: Registration, identifiers: list[Identifier]) -> RegistrationAnswer:
    return RegistrationAnswer(
        person_id=row.person_id,
        identifiers=[IdentifierAnswer(scheme=each.scheme, value=each.value) for each in identifiers],
        name=PersonName(family=row.family, given=row.given),
        date_of_birth=row.date_of_birth,
        sex=row.sex,
        languages=row.languages,
    )


def claim_of(body: InvolvementBody) -> Claim:
    return Claim(
        roles=tuple(dict.fromkeys(body.roles)),
        lead=body.lead,
        reason=body.reason,
        reference=body.reference,
        until=body.until,
    )


def involvement_answer(row: Involvement) -> InvolvementAnswer:
    return InvolvementAnswer(
        person_id=row.person_id,
        state=InvolvementState(row.state),
        roles=list(row.roles),
        lead=row.lead,
        reason=row.reason,
        reference=row.reference,
        since=row.since,
        until=row.until,
    )
