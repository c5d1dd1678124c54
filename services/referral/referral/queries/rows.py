"""Between rows and the values of the domain."""

from datetime import datetime, timedelta
from typing import Any

from contracts.codes import Need, ReferralAlert, ReferralRole, ReferralState
from referral.domain.clock import Clock
from referral.domain.directory import Service
from referral.domain.side import Side
from referral.models import ServiceRow, SideRow


def side_of(row: SideRow) -> Side:
    return Side(
        role=ReferralRole(row.role),
        agency=row.agency,
        state=ReferralState(row.state),
        since=row.since,
        version=row.version,
        resumes=ReferralState(row.resumes) if row.resumes else None,
        clock=_clock_of(row.clock),
        due_at=row.due_at,
        overdue=row.overdue,
        alerts=tuple(ReferralAlert(alert) for alert in row.alerts),
    )


def write_side(row: SideRow, side: Side, *, expires_at: datetime | None) -> None:
    """Puts a side into its row."""
    row.state = side.state.value
    row.resumes = side.resumes.value if side.resumes else None
    row.since = side.since
    row.version = side.version
    row.clock = clock_json(side.clock)
    row.due_at = side.due_at
    row.overdue = side.overdue
    row.alerts = [alert.value for alert in side.alerts]
    row.expires_at = expires_at


def service_of(row: ServiceRow) -> Service:
    return Service(
        service_id=row.service_id,
        agency=row.agency,
        area=row.area,
        needs=tuple(Need(need) for need in row.needs),
        age_from=row.age_from,
        age_until=row.age_until,
        women_only=row.women_only,
        exclusions=tuple(row.exclusions),
        statutory=row.statutory,
        voluntary=row.voluntary,
        next_start=row.next_start,
    )


def clock_json(clock: Clock) -> dict[str, Any]:
    return {
        "started_at": _iso(clock.started_at),
        "stopped_at": _iso(clock.stopped_at),
        "stopped_s": clock.stopped.total_seconds(),
        "stopped_days": clock.stopped_days,
    }


def _clock_of(found: dict[str, Any]) -> Clock:
    return Clock(
        started_at=_instant(found["started_at"]),
        stopped_at=_instant(found["stopped_at"]),
        stopped=timedelta(seconds=found["stopped_s"]),
        stopped_days=found["stopped_days"],
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
