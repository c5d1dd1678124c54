"""Consents, withdrawals and objections, each recorded under the person's lock and decided in the same transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.auth import Actor
from chassis.ids import new_id
from consent.domain.consents import ensure_not_over, ensure_recordable, given_and_valid, instant_of
from consent.domain.grounds import supersedes
from consent.models import ConsentRow, ObjectionRow, WithdrawalRow
from consent.operations.access import AgencyNotRegistered, Held, hold_involved
from consent.operations.deciding import decide_and_emit
from consent.operations.decisions import decide_persons
from consent.operations.persons import tick
from consent.queries.consents import known_consent
from consent.queries.facts import by_person, consent_fact
from contracts.consent import ConsentRecordedV1, ConsentWithdrawnV1, ObjectionRecordedV1, Recipient
from contracts.errors import NotFound
from contracts.http.consent import ConsentBody, ObjectionBody, RecipientBody, WithdrawalBody

OWN_RECIPIENT = "recorder-is-recipient"


class ConsentNotFound(NotFound):
    """There is no such consent, or it is not yours to see."""

    code = "consent-not-found"


async def record_consent(
    session: AsyncSession, *, person_id: str, body: ConsentBody, actor: Actor, now: datetime
) -> ConsentRow:
    """Records a person's yes or no. Raises PersonNotFound, AgencyNotRegistered and the refusals of domain.consents."""
    ensure_recordable(has_capacity=body.has_capacity, how=body.how, statement=body.statement.id)
    held = await hold_involved(session, person_id=person_id, agency=actor.agency, now=now)
    _ensure_registered(held, body.recipients)
    at = tick(held.person, now)
    given_at, valid_from, valid_until = given_and_valid(
        given_at=body.given_at, valid_from=body.valid_from, valid_until=body.valid_until, now=at
    )
    agencies, kinds = _split(body.recipients)
    own_kind = held.snapshot.agencies[actor.agency].kind if actor.agency in held.snapshot.agencies else None
    row = ConsentRow(
        id=new_id(),
        person_id=held.person.id,
        recorded_person_id=person_id,
        decision=body.decision,
        categories=[str(item) for item in body.categories],
        agencies=agencies,
        kinds=kinds,
        purposes=[str(item) for item in body.purposes],
        given_at=given_at,
        valid_from=valid_from,
        valid_until=valid_until,
        how=body.how,
        given_by=body.given_by,
        has_capacity=body.has_capacity,
        interpreter=_interpreter(body.interpreter),
        statement_id=body.statement.id,
        statement_version=body.statement.version,
        evidence_ref=body.evidence_ref,
        flagged=[OWN_RECIPIENT] if actor.agency in agencies or own_kind in kinds else [],
        recorded_by=actor.agency,
        member=actor.member,
        recorded_at=at,
        version=held.person.version,
    )
    mine = consent_fact(row)
    earlier = [
        consent_fact(other) for other in (await by_person(session, ConsentRow, [held.person.id]))[held.person.id]
    ]
    session.add(row)
    event = ConsentRecordedV1(
        person_id=held.person.id,
        consent_id=row.id,
        decision=body.decision,
        categories=tuple(body.categories),
        recipients=_recipients(body.recipients) or (),
        purposes=tuple(body.purposes),
        given_at=given_at,
        valid_from=valid_from,
        valid_until=valid_until,
        how=body.how,
        recorded_by=actor.agency,
        member=actor.member,
        supersedes=tuple(other.id for other in earlier if supersedes(mine, other)),
        flagged=tuple(row.flagged),
        at=at,
    )
    await decide_and_emit(session, [held.person], snapshot=held.snapshot, now=at, before=[event])
    return row


async def withdraw(
    session: AsyncSession, *, person_id: str, body: WithdrawalBody, actor: Actor, now: datetime
) -> datetime:
    """Withdraws blind, without a reason: from the instant that is returned no decision relies on what was given before.

    Raises PersonNotFound, AgencyNotRegistered.
    """
    held = await hold_involved(session, person_id=person_id, agency=actor.agency, now=now)
    _ensure_registered(held, body.recipients or [])
    return await _withdraw(session, held, person_id, body, None, actor, now)


async def withdraw_known(
    session: AsyncSession, *, person_id: str, consent_id: str, actor: Actor, now: datetime
) -> datetime:
    """Withdraws one consent that the agency recorded or relied on. Raises PersonNotFound, ConsentNotFound."""
    held = await hold_involved(session, person_id=person_id, agency=actor.agency, now=now)
    if not await known_consent(session, person_id=held.person.id, consent_id=consent_id, agency=actor.agency):
        raise ConsentNotFound
    return await _withdraw(session, held, person_id, WithdrawalBody(), consent_id, actor, now)


async def object_to_sharing(
    session: AsyncSession, *, person_id: str, body: ObjectionBody, actor: Actor, now: datetime
) -> ObjectionRow:
    """Records an objection; it needs no capacity test, since it only protects.

    Raises PersonNotFound, AgencyNotRegistered, EndsBeforeItBegins, AlreadyOver.
    """
    held = await hold_involved(session, person_id=person_id, agency=actor.agency, now=now)
    _ensure_registered(held, body.recipients or [])
    at = tick(held.person, now)
    valid_from = at if body.valid_from is None else instant_of(body.valid_from)
    valid_until = None if body.valid_until is None else instant_of(body.valid_until)
    ensure_not_over(valid_from, valid_until, now=at)
    agencies, kinds = _split(body.recipients or [])
    row = ObjectionRow(
        id=new_id(),
        person_id=held.person.id,
        recorded_person_id=person_id,
        categories=None if body.categories is None else [str(item) for item in body.categories],
        agencies=None if body.recipients is None else agencies,
        kinds=None if body.recipients is None else kinds,
        purposes=None if body.purposes is None else [str(item) for item in body.purposes],
        valid_from=valid_from,
        valid_until=valid_until,
        recorded_by=actor.agency,
        member=actor.member,
        recorded_at=at,
        version=held.person.version,
    )
    session.add(row)
    event = ObjectionRecordedV1(
        person_id=held.person.id,
        objection_id=row.id,
        categories=tuple(body.categories or ()),
        recipients=_recipients(body.recipients) or (),
        purposes=tuple(body.purposes or ()),
        recorded_by=actor.agency,
        member=actor.member,
        at=at,
    )
    await decide_and_emit(session, [held.person], snapshot=held.snapshot, now=at, before=[event])
    return row


async def _withdraw(
    session: AsyncSession,
    held: Held,
    recorded_person_id: str,
    body: WithdrawalBody,
    consent_id: str | None,
    actor: Actor,
    now: datetime,
) -> datetime:
    at = tick(held.person, now)
    agencies, kinds = _split(body.recipients or [])
    row = WithdrawalRow(
        id=new_id(),
        person_id=held.person.id,
        recorded_person_id=recorded_person_id,
        consent_id=consent_id,
        categories=None if body.categories is None else [str(item) for item in body.categories],
        agencies=None if body.recipients is None else agencies,
        kinds=None if body.recipients is None else kinds,
        at=at,
        recorded_by=actor.agency,
        member=actor.member,
        version=held.person.version,
    )
    session.add(row)
    decided = await decide_persons(session, [held.person], snapshot=held.snapshot, now=at)
    event = ConsentWithdrawnV1(
        person_id=held.person.id,
        withdrawal_id=row.id,
        consent_id=consent_id,
        categories=None if body.categories is None else tuple(body.categories),
        recipients=_recipients(body.recipients),
        recorded_by=actor.agency,
        member=actor.member,
        shares_ended=len(decided.denied),
        at=at,
    )
    await outbox.emit_all(session, [event, *decided.events, *decided.denials], now=at)
    return at


def _ensure_registered(held: Held, recipients: list[RecipientBody]) -> None:
    for index, recipient in enumerate(recipients):
        if recipient.agency is not None and recipient.agency not in held.snapshot.agencies:
            raise AgencyNotRegistered(pointer=f"/recipients/{index}/agency")


def _split(recipients: list[RecipientBody]) -> tuple[list[str], list[str]]:
    agencies = [recipient.agency for recipient in recipients if recipient.agency is not None]
    return agencies, [str(recipient.kind) for recipient in recipients if recipient.kind is not None]


def _recipients(recipients: list[RecipientBody] | None) -> tuple[Recipient, ...] | None:
    if recipients is None:
        return None
    return tuple(Recipient(agency=recipient.agency, kind=recipient.kind) for recipient in recipients)


def _interpreter(said: bool | str | None) -> str | None:
    if isinstance(said, bool):
        return "yes" if said else "no"
    return said
