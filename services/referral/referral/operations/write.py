"""A sender writes a referral, or is handed the draft of an onward one. A chain keeps its id from first to last."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from contracts.codes import RECEIVING, AgencyKind, NextKind, ReferralAction, ReferralState, ReferralWarning
from contracts.errors import Invalid, NotPermitted
from referral.calendar import today
from referral.domain.directory import gaps
from referral.domain.judge import not_enough_time
from referral.domain.side import Side
from referral.models import AgencyRow, ReferralRow, ServiceRow, SideRow
from referral.operations.case import ENDS, SENDER, Case, NoSuchReferral, note, role_of
from referral.operations.keep import keep
from referral.queries.directory import intake_of_service, services
from referral.queries.persons import lock_person
from referral.queries.referrals import chain_of, live_needs
from referral.queries.releases import known_release
from referral.queries.rows import clock_json, service_of

DESCRIBES = (
    "needs",
    "reason",
    "urgency",
    "scores",
    "statutory",
    "order_reference",
    "previous_contact",
    "communication_needs",
    "location",
)
"""What an onward draft takes over. A basis is not among it: the sender needs one of its own."""


class MayNotRefer(NotPermitted):
    """Agencies of this kind do not refer."""

    code: ClassVar[str] = "may-not-refer"


class NoReceiver(Invalid):
    """There is no such service, or no such agency that receives referrals."""

    code: ClassVar[str] = "no-such-receiver"


class NotToOneself(Invalid):
    """An agency does not refer to itself."""

    code: ClassVar[str] = "refers-to-itself"


class NoSuchChain(Invalid):
    """An onward referral continues one that the sender sent or received."""

    code: ClassVar[str] = "no-such-referral"


async def write_referral(
    session: AsyncSession,
    *,
    person_id: str,
    to_agency: str | None,
    service_id: str | None,
    said: Mapping[str, Any],
    onward_of: str | None,
    actor: Actor,
    now: datetime,
) -> Case:
    """Writes and submits. Raises MayNotRefer, NoReceiver, NotToOneself, NoSuchChain."""
    if actor.kind in (AgencyKind.AUDITOR, AgencyKind.OPERATOR):
        raise MayNotRefer
    person_id = await lock_person(session, person_id)
    receiver, service = await receiver_of(session, to_agency=to_agency, service_id=service_id)
    if receiver == actor.agency:
        raise NotToOneself(pointer="/to_agency" if to_agency else "/service_id")
    continued = await _continued(session, onward_of, person_id, actor) if onward_of else None
    case = await make_case(
        session,
        person_id=person_id,
        sender=actor.agency,
        receiver=receiver,
        service_id=service_id,
        said=said,
        continued=continued,
        state=ReferralState.SUBMITTED,
        now=now,
    )
    case.row.submitted_at = now
    case.row.warnings = [w.value for w in await _warnings(session, case, service)]
    case.tell, case.awaits = "referral.submitted", True
    for role in ENDS:
        note(case, role, None, case.sides[role], ReferralAction.SUBMISSION, SENDER, member=actor.member)
    await keep(session, case)
    return case


async def draft_onward(session: AsyncSession, case: Case) -> None:
    """The draft of what a rejection said comes next, once its sender knows of it. Nothing is sent on without them."""
    following = case.row.answer.get("next") or {"kind": NextKind.NONE}
    if following["kind"] == NextKind.NONE:
        return
    kind = {"to_agency": None, "service_id": None}
    kind["to_agency" if following["kind"] == NextKind.AGENCY else "service_id"] = following["id"]
    receiver, _ = await receiver_of(session, **kind)
    if receiver == case.row.sender:
        return
    draft = await make_case(
        session,
        person_id=case.row.person_id,
        sender=case.row.sender,
        receiver=receiver,
        service_id=kind["service_id"],
        said={name: case.row.said[name] for name in DESCRIBES if name in case.row.said},
        continued=case.row,
        state=ReferralState.DRAFT,
        now=case.now,
    )
    note(draft, SENDER, None, draft.sender, ReferralAction.REJECTION, SENDER)
    await keep(session, draft)


async def receiver_of(
    session: AsyncSession, *, to_agency: str | None, service_id: str | None, pointer: str | None = None
) -> tuple[str, ServiceRow | None]:
    """The agency that a referral goes to. Raises NoReceiver, at `pointer` if the caller was told of it there."""
    service = await session.get(ServiceRow, service_id) if service_id else None
    pointer = pointer or ("/service_id" if service_id else "/to_agency")
    if service_id and service is None:
        raise NoReceiver(pointer=pointer)
    agency = await session.get(AgencyRow, service.agency if service else to_agency)
    if agency is None or agency.kind not in RECEIVING:
        raise NoReceiver(pointer=pointer)
    return agency.agency_id, service


async def make_case(
    session: AsyncSession,
    *,
    person_id: str,
    sender: str,
    receiver: str,
    service_id: str | None,
    said: Mapping[str, Any],
    continued: ReferralRow | None,
    state: ReferralState,
    now: datetime,
) -> Case:
    """A new referral with both its sides in `state`; of the chain it counts what its sender knows."""
    chain_id = continued.chain_id if continued else new_id()
    bounces, began = await chain_of(session, chain_id, agency=sender)
    row = ReferralRow(
        referral_id=new_id(),
        chain_id=chain_id,
        person_id=person_id,
        recorded_person_id=person_id,
        sender=sender,
        receiver=receiver,
        service_id=service_id,
        onward_of=continued.referral_id if continued else None,
        said=dict(said) | {"chain_days": (now - (began or now)) // timedelta(days=1)},
        answer={},
        warnings=[],
        written_at=now,
        bounces=bounces,
        offer_version=0,
        awaited_version=0,
        status_id=new_id(),
        status_version=0,
        status_sent={},
        shown_status=0,
    )
    agencies = dict(zip(ENDS, (sender, receiver), strict=True))
    sides = {role: Side(role, agency, state, now) for role, agency in agencies.items()}
    rows = {
        role: SideRow(
            referral_id=row.referral_id,
            role=role.value,
            agency=side.agency,
            state=side.state.value,
            since=now,
            version=side.version,
            clock=clock_json(side.clock),
            overdue=False,
            alerts=[],
        )
        for role, side in sides.items()
    }
    session.add(row)
    session.add_all(rows.values())
    return Case(row=row, rows=rows, sides=sides, appointments=[], now=now)


async def _continued(session: AsyncSession, referral_id: str, person_id: str, actor: Actor) -> ReferralRow:
    row = await session.get(ReferralRow, referral_id)
    if row is None or row.person_id != person_id:
        raise NoSuchChain(pointer="/onward_of")
    try:
        role_of(row, actor)
    except NoSuchReferral as error:
        raise NoSuchChain(pointer="/onward_of") from error
    return row


async def _warnings(session: AsyncSession, case: Case, service: ServiceRow | None) -> list[ReferralWarning]:
    """Never a block, and never more than the sender may know."""
    found = []
    needs = case.row.said["needs"]
    others = await live_needs(
        session, person_id=case.row.person_id, sender=case.row.sender, elsewhere_than=case.row.receiver
    )
    if others & set(needs):
        found.append(ReferralWarning.LIVE_ELSEWHERE)
    known = await known_release(session, person_id=case.row.person_id, agency=case.row.sender)
    if known:
        intake = await intake_of_service(session, service, now=case.now)
        if not_enough_time(intake, known.day, today(case.now)):
            found.append(ReferralWarning.WAIT_TOO_LONG)
    home = await session.scalar(text("SELECT area FROM agency WHERE agency_id = :sender"), {"sender": case.row.sender})
    if home is not None:
        uncovered = gaps([service_of(row) for row in await services(session, area=home)], home)
        if set(needs) & {need.value for need in uncovered}:
            found.append(ReferralWarning.NOBODY_IN_AREA)
    return found
