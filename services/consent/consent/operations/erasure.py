"""Erasing a person: every fact, offer, permit and decision goes, what is shown is denied at once, and the log is told.

Under the person's lock, so that no decision about them comes after it. No ending is logged beside it: entries that came
together with the erasure would tell whose it was.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.forgetting import empty_waiting
from chassis.outbox import emit_all
from consent.operations.denying import hiding
from contracts.caseload import PersonErasedV1
from contracts.codes import Effect
from contracts.consent import ErasureRecordedV1
from contracts.decisions import DeniedShare

OF_PERSON = (
    "involvement",
    "mappa",
    "consent",
    "objection",
    "emergency_request",
    "offer",
    "review",
    "share",
)
"""Tables with person_id and recorded_person_id. `withdrawal` is one more: it is only added to, and its owner's function
erases of who is marked as erased."""

_SHOWN = """
SELECT id, recipient FROM share
WHERE effect IS NULL AND (person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)) ORDER BY id
"""
"""Those whose place a newer one took are still shown where that is still in the pipe."""
_SUBJECTS = """
SELECT subject_ref FROM offer WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
UNION SELECT subject_ref FROM share WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
ORDER BY 1
"""
_INPUTS = """
SELECT id FROM decision_input WHERE person_id = ANY(:ids)
UNION SELECT d.input_id FROM decision d JOIN share s ON s.id = d.share_id
WHERE s.person_id = ANY(:ids) OR s.recorded_person_id = ANY(:ids)
UNION SELECT i.id FROM decision_input i WHERE i.person_id = ANY(:once_with) AND EXISTS (
    SELECT FROM (
        SELECT id FROM consent WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
        UNION ALL SELECT id FROM objection WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
        UNION ALL SELECT id FROM emergency_request WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
    ) fact WHERE position(fact.id IN i.person) > 0
)
"""
"""What was decided while two numbers were one person stands under the one that was kept then, with facts of both."""
_DECISIONS = (
    "DELETE FROM decision WHERE input_id = ANY(:inputs)",
    "DELETE FROM decision_input WHERE id = ANY(:inputs)",
    "DELETE FROM refusal WHERE subject_ref = ANY(:subjects)",
)
_GONE = """
UPDATE person SET erased_at = :now, restricted = false, decide_again_at = NULL, queued_at = NULL WHERE id = ANY(:ids)
"""


async def erase(session: AsyncSession, *, event: PersonErasedV1, now: datetime) -> None:
    """Erases these ids, whose persons are locked, and tells the gateways at once and the log in its order."""
    ids = list(event.person_ids)
    shown = (await session.execute(text(_SHOWN), {"ids": ids})).all()
    subjects = list(await session.scalars(text(_SUBJECTS), {"ids": ids}))
    inputs = list(await session.scalars(text(_INPUTS), {"ids": ids, "once_with": list(event.once_with)}))
    for statement in _DECISIONS:
        await session.execute(text(statement), {"inputs": inputs, "subjects": subjects})
    await session.execute(text(_GONE), {"ids": ids, "now": now})
    await session.execute(text("SELECT erase_withdrawals(CAST(:ids AS varchar[]))"), {"ids": ids})
    for table in OF_PERSON:
        await session.execute(
            text(f"DELETE FROM {table} WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"),  # noqa: S608
            {"ids": ids},
        )
    await session.execute(text("UPDATE share SET told_as = NULL WHERE told_as = ANY(:ids)"), {"ids": ids})
    await empty_waiting(session, ids)
    named = [DeniedShare(share_id=share_id, recipient=recipient) for share_id, recipient in shown]
    denied = hiding(named, person_id=event.person_id, effect=Effect.WITHDRAW, at=now)
    recorded = ErasureRecordedV1(
        person_id=event.person_id,
        person_ids=event.person_ids,
        subjects=tuple(subjects),
        erasure_id=event.erasure_id,
        reason=event.reason,
        by=event.by,
        member=event.member,
        at=now,
    )
    await emit_all(session, [*denied, recorded], now=now)
