"""What is in the log moves referrals on by themselves: received, awaiting a basis, consent withdrawn, and back.

The receiver's share of the referral moves both ends. The sender's share of the answer moves the sender's end alone, and
is the only thing that brings an answer to it. A receipt of a release date says who was shown which of its versions.

Around a merge the receipts of one share come in the streams of two numbers: what the log said later holds.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.codes import Category, ReferralAction, ReferralState
from contracts.log import ShareReceiptedV1
from referral.calendar import england_and_wales
from referral.domain.side import shown
from referral.models import ReferralRow
from referral.operations.case import ENDS, RECEIVER, SENDER, SYSTEM, Case, follow, note, read_cases
from referral.operations.keep import keep
from referral.operations.releases import judge_again
from referral.operations.write import draft_onward
from referral.queries.persons import resolve

A = ReferralAction


async def note_receipts(session: AsyncSession, receipts: Sequence[ShareReceiptedV1], *, now: datetime) -> None:
    """Applies a run of receipts whose persons are locked, and whose their subjects are; of categories that say nothing
    here it does nothing."""
    await _releases_decided(session, [r for r in receipts if r.category is Category.RELEASE_DATE], now=now)
    for receipt in receipts:
        if receipt.category is Category.REFERRAL:
            await _referral_decided(session, receipt, now=now)
        elif receipt.category is Category.REFERRAL_STATUS:
            await _status_decided(session, receipt, now=now)


async def _referral_decided(session: AsyncSession, receipt: ShareReceiptedV1, *, now: datetime) -> None:
    for case in await read_cases(session, [receipt.subject_ref], now=now):
        # An older version was decided before what is waited for; an offer that was taken back says nothing.
        if receipt.version < case.row.awaited_version or case.row.offered is None:
            continue
        if (receipt.index or 0) < (case.row.decided_index or 0):
            continue
        if case.row.receiver in receipt.permitted_to:
            _permitted(case)
        elif case.row.receiver in receipt.refused_to:
            for role in ENDS:
                _ = follow(case, role, A.REFUSAL, SYSTEM) or follow(case, role, A.CONSENT_WITHDRAWAL, SYSTEM)
        else:
            continue
        case.row.decided_index = receipt.index
        case.tell = "referral.changed"
        await keep(session, case)


def _permitted(case: Case) -> None:
    for role in ENDS:
        follow(case, role, A.BASIS, SYSTEM)
        if role is RECEIVER and case.row.received_at is None:
            case.row.received_at = case.now
        follow(case, role, A.RECEIPT, SYSTEM)


async def _status_decided(session: AsyncSession, receipt: ShareReceiptedV1, *, now: datetime) -> None:
    found = await session.scalars(
        select(ReferralRow.referral_id).where(ReferralRow.status_id == receipt.subject_ref)  # type: ignore[call-overload]
    )
    for case in await read_cases(session, list(found), now=now):
        row, state = case.row, case.row.status_sent.get(str(receipt.version))
        if row.sender not in receipt.permitted_to or receipt.version <= row.shown_status or state is None:
            continue
        row.shown_status = receipt.version
        row.status_sent = {n: sent for n, sent in row.status_sent.items() if int(n) > receipt.version}
        before = case.sender
        after = shown(before, ReferralState(state), now=now, holidays=england_and_wales)
        case.sides[SENDER] = after
        if after.state is not before.state:
            note(case, SENDER, before.state, after, ACTION_OF.get(after.state, A.RECEIPT), RECEIVER)
        if state == ReferralState.REJECTED and row.rejection_shown_at is None:
            row.rejection_shown_at = now
            if after.state is ReferralState.REJECTED:
                await draft_onward(session, case)
        await keep(session, case)


ACTION_OF = {
    ReferralState.REJECTED: A.REJECTION,
    ReferralState.ACCEPTED: A.ACCEPTANCE,
    ReferralState.ALLOCATED: A.ALLOCATION,
    ReferralState.IN_PROGRESS: A.ATTENDANCE,
    ReferralState.INFORMATION_REQUESTED: A.INFORMATION_REQUEST,
    ReferralState.RETURNED_WITH_ADVICE: A.ADVICE,
    ReferralState.ON_HOLD: A.HOLD,
    ReferralState.COMPLETED: A.OUTCOME,
    ReferralState.PREMATURELY_ENDED: A.OUTCOME,
    ReferralState.RECEIVED: A.RESUMPTION,
    ReferralState.EXPIRED: A.EXPIRY,
}
"""By which answer the sender came to hear of a state; the others are never told as an answer."""


_SHOW = """
INSERT INTO release_shown (release_id, agency, version, at)
SELECT release_id, agency, version, :now
FROM unnest(CAST(:releases AS text[]), CAST(:agencies AS text[]), CAST(:versions AS int[]))
    AS n (release_id, agency, version)
ON CONFLICT (release_id, agency) DO UPDATE SET version = EXCLUDED.version, at = EXCLUDED.at
WHERE release_shown.version < EXCLUDED.version
"""
_HIDE = """
DELETE FROM release_shown s USING unnest(CAST(:releases AS text[]), CAST(:agencies AS text[])) AS g (release_id, agency)
WHERE s.release_id = g.release_id AND s.agency = g.agency
"""


async def _releases_decided(session: AsyncSession, receipts: Sequence[ShareReceiptedV1], *, now: datetime) -> None:
    """Who sees which version, in a fixed number of statements: a prison's bulk is as many receipts as it has people.
    Due times of those whom it concerns are judged anew."""
    last: dict[tuple[str, str], int | None] = {}
    for receipt in receipts:
        gone = set(receipt.refused_to) - set(receipt.permitted_to)
        last |= {(receipt.subject_ref, agency): receipt.version for agency in receipt.permitted_to}
        last |= {(receipt.subject_ref, agency): None for agency in gone}
    if not last:
        return
    shown_to = [(*pair, version) for pair, version in last.items() if version is not None]
    hidden = [pair for pair, version in last.items() if version is None]
    if shown_to:
        releases, agencies, versions = (list(column) for column in zip(*shown_to, strict=True))
        values = {"releases": releases, "agencies": agencies, "versions": versions, "now": now}
        await session.execute(text(_SHOW), values)
    if hidden:
        releases, agencies = (list(column) for column in zip(*hidden, strict=True))
        await session.execute(text(_HIDE), {"releases": releases, "agencies": agencies})
    persons = await resolve(session, [receipt.person_id for receipt in receipts])
    concerned = sorted({agency for _, agency in last})
    await judge_again(session, sorted(set(persons.values())), agencies=concerned, now=now)
