"""Lists of releases and of what happened to them. An agency sees those whose prison it is, and no others."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.codes import ReleaseFlag
from release_notify.calendar import england_and_wales, today
from release_notify.domain.notice import last_day_within
from release_notify.domain.policy import DEFAULT, Policy


@dataclass(frozen=True)
class Coming:
    """Which releases are asked for: half-open, `from_` <= day < `until`."""

    prison: str
    from_: date | None = None
    until: date | None = None
    flag: ReleaseFlag | None = None


BY_TIME = frozenset({ReleaseFlag.SHORT_NOTICE, ReleaseFlag.IMMEDIATE})
LASTING = frozenset(ReleaseFlag) - BY_TIME - {ReleaseFlag.RECALCULATION_PENDING}
"""Flags that stand in the column; the others follow from today, or from the person's row."""

_COMING = """
SELECT r.*, p.pending_since IS NOT NULL AS pending FROM release r JOIN person p ON p.person_id = r.person_id
WHERE r.prison = :prison AND r.closed_at IS NULL AND r.person_id = r.recorded_person_id AND r.effective_on IS NOT NULL
  AND r.released_on IS NULL
  AND (CAST(:from_ AS date) IS NULL OR r.effective_on >= :from_)
  AND (CAST(:until AS date) IS NULL OR r.effective_on < :until)
  AND (CAST(:within AS date) IS NULL OR r.effective_on <= :within)
  AND (CAST(:flag AS text) IS NULL OR r.flags ? :flag)
  AND (CAST(:pending AS boolean) IS NOT TRUE OR p.pending_since IS NOT NULL)
  AND (CAST(:after_on AS date) IS NULL OR (r.effective_on, r.release_id) > (CAST(:after_on AS date), :after_id))
ORDER BY r.effective_on, r.release_id LIMIT :limit
"""
_HISTORY = """
SELECT c.* FROM change c JOIN release r USING (release_id)
WHERE r.person_id = :person_id AND (CAST(:before AS text) IS NULL OR c.change_id < :before)
ORDER BY c.change_id DESC LIMIT :limit
"""
_WEEKS = """
SELECT effective_on, offered, flags, pending_since IS NOT NULL AS pending
FROM release JOIN person USING (person_id)
WHERE prison = :prison AND closed_at IS NULL AND person_id = recorded_person_id
  AND effective_on >= :from_ AND effective_on < :until
"""
_MOVES = """
SELECT reason, direction,
    CASE WHEN notice_working_days IS NULL THEN 'none' WHEN notice_working_days < 1 THEN '0'
         WHEN notice_working_days < 5 THEN '1-4' WHEN notice_working_days < 20 THEN '5-19' ELSE '20+' END AS notice,
    count(*) AS count
FROM change
WHERE prison = :prison AND version IS NOT NULL AND direction IN ('earlier', 'later', 'withdrawn')
  AND at >= :from_ AND at < :until
GROUP BY 1, 2, 3 ORDER BY 1 NULLS LAST, 2, 3
"""
_DECISIONS = """
SELECT decision, count(*) AS count FROM day_of_release_decision
WHERE prison = :prison AND at >= :from_ AND at < :until GROUP BY decision ORDER BY decision
"""


async def person_of_release(session: AsyncSession, release_id: str) -> str | None:
    """Whose open release this is."""
    found: str | None = await session.scalar(
        text("SELECT person_id FROM release WHERE release_id = :id AND closed_at IS NULL"), {"id": release_id}
    )
    return found


async def coming_releases(
    session: AsyncSession,
    *,
    asked: Coming,
    limit: int,
    after: tuple[str, str] | None,
    now: datetime,
    policy: Policy = DEFAULT,
) -> list[RowMapping]:
    """Up to `limit` releases by day, after the (day, release id) given."""
    day = today(now)
    below = {
        ReleaseFlag.SHORT_NOTICE: policy.short_notice_below,
        ReleaseFlag.IMMEDIATE: policy.immediate_below,
    }
    parameters: dict[str, Any] = {
        "prison": asked.prison,
        "from_": asked.from_,
        "until": asked.until,
        "within": last_day_within(day, below[asked.flag], england_and_wales) if asked.flag in below else None,
        "flag": asked.flag.value if asked.flag in LASTING else None,
        "pending": asked.flag is ReleaseFlag.RECALCULATION_PENDING,
        "after_on": date.fromisoformat(after[0]) if after else None,
        "after_id": after[1] if after else "",
        "limit": limit,
    }
    return list((await session.execute(text(_COMING), parameters)).mappings().all())


async def history(session: AsyncSession, *, person_id: str, limit: int, before: str | None) -> list[RowMapping]:
    """Changes of a person's releases, newest first, older than the change given."""
    found = await session.execute(text(_HISTORY), {"person_id": person_id, "limit": limit, "before": before})
    return list(found.mappings().all())


async def releases_between(session: AsyncSession, *, prison: str, from_: date, until: date) -> list[RowMapping]:
    found = await session.execute(text(_WEEKS), {"prison": prison, "from_": from_, "until": until})
    return list(found.mappings().all())


async def moves_between(session: AsyncSession, *, prison: str, from_: datetime, until: datetime) -> list[RowMapping]:
    """How often dates moved, by reason, direction and working days of notice."""
    found = await session.execute(text(_MOVES), {"prison": prison, "from_": from_, "until": until})
    return list(found.mappings().all())


async def decisions_between(
    session: AsyncSession, *, prison: str, from_: datetime, until: datetime
) -> list[RowMapping]:
    found = await session.execute(text(_DECISIONS), {"prison": prison, "from_": from_, "until": until})
    return list(found.mappings().all())
