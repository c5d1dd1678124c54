"""The directory of services, with what answers say of each: of days before today alone, and only of enough of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from referral.calendar import today
from referral.domain.directory import in_steps
from referral.domain.judge import Intake
from referral.domain.policy import DEFAULT, Policy
from referral.domain.working_time import LONDON
from referral.models import ReferralRow, ServiceRow

_ANSWERS = """
SELECT r.service_id,
    count(*) FILTER (WHERE r.answered_at IS NOT NULL) AS answers,
    count(DISTINCT r.sender) FILTER (WHERE r.answered_at IS NOT NULL) AS senders,
    count(*) FILTER (WHERE h.accepted) AS accepted,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY CAST(a.first_at AS date) - CAST(r.received_at AS date))
        FILTER (WHERE a.first_at IS NOT NULL) AS waiting_days
FROM referral r
LEFT JOIN LATERAL (SELECT min(at) AS first_at FROM appointment
    WHERE referral_id = r.referral_id AND role = 'receiver' AND made_at < :until) a ON true
LEFT JOIN LATERAL (SELECT true AS accepted FROM history
    WHERE referral_id = r.referral_id AND role = 'receiver' AND action = 'acceptance' AND at < :until LIMIT 1) h ON true
WHERE r.service_id = ANY(:ids) AND r.received_at >= :since AND r.answered_at < :until
GROUP BY r.service_id
"""


@dataclass(frozen=True)
class Answers:
    """What the answers of a service come to."""

    waiting_days: int | None = None
    acceptance_rate: float | None = None


async def answers_of(
    session: AsyncSession, service_ids: list[str], *, now: datetime, policy: Policy = DEFAULT
) -> dict[str, Answers]:
    """By service; one with too few answers, or of too few senders, is left out."""
    midnight = datetime.combine(today(now), datetime.min.time(), tzinfo=LONDON)
    values = {"ids": service_ids, "until": midnight, "since": midnight - timedelta(days=policy.answers_days)}
    rows = await session.execute(text(_ANSWERS), values)
    return {
        row.service_id: Answers(
            waiting_days=max(0, row.waiting_days) if row.waiting_days is not None else None,
            acceptance_rate=in_steps(row.accepted / row.answers),
        )
        for row in rows
        if row.answers >= policy.answers_at_least and row.senders >= policy.senders_at_least
    }


async def intake_of(session: AsyncSession, referral: ReferralRow, *, now: datetime) -> Intake:
    """When the service asked for takes people; nothing is known where none was asked for."""
    service = await session.get(ServiceRow, referral.service_id) if referral.service_id else None
    return await intake_of_service(session, service, now=now)


async def intake_of_service(session: AsyncSession, service: ServiceRow | None, *, now: datetime) -> Intake:
    if service is None:
        return Intake()
    answers = await answers_of(session, [service.service_id], now=now)
    return Intake(
        opens_days_before=service.opens_days_before_release,
        next_start=service.next_start,
        waiting_days=answers.get(service.service_id, Answers()).waiting_days,
    )


async def services(session: AsyncSession, *, area: str | None = None, after: str | None = None) -> list[ServiceRow]:
    """Entries by id, of one area or of all."""
    asked = select(ServiceRow).order_by(ServiceRow.service_id)
    if area is not None:
        asked = asked.where(ServiceRow.area == area)  # type: ignore[arg-type]
    if after is not None:
        asked = asked.where(ServiceRow.service_id > after)  # type: ignore[arg-type]
    return list(await session.scalars(asked))
