"""Days before and after a release, and before a licence ends. A moved date moves them; none fires twice.

A plan holds what is still to come: milestone -> the day it is due. What fired never returns to a plan. What lies wholly
in the past when it is first planned lapses: a duty before release is reached late as long as the release is ahead.
"""

import calendar
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from contracts.codes import DateType
from release_notify.domain.notice import Holidays, working_days_before
from release_notify.domain.policy import Policy

Plan = Mapping[str, date]

ENDINGS = (DateType.SLED, DateType.SED, DateType.TUSED)
"""The ends of licence or supervision."""


def plan(
    release: date | None,
    *,
    released: bool,
    endings: Mapping[DateType, date],
    fired: Collection[str],
    present: Plan,
    today: date,
    holidays: Holidays,
    policy: Policy,
) -> dict[str, date]:
    """Every milestone of this release that is still to fire. `present` is the plan so far: what it has and has not
    moved stays, however late. No release, no milestones; after the real release those before it are gone."""
    if release is None:
        return {}
    before = {} if released else due_before(release, holidays, policy)
    after = due_after(release, policy) | due_before_endings(endings, policy)
    wanted = {name: due for name, due in before.items() if release >= today or present.get(name) == due}
    wanted |= {name: due for name, due in after.items() if due >= today or present.get(name) == due}
    return {name: due for name, due in wanted.items() if name not in fired}


def due_before(release: date, holidays: Holidays, policy: Policy) -> dict[str, date]:
    days = {f"release-{days}-days": release - timedelta(days=days) for days in policy.days_before}
    working = {
        f"release-{days}-working-days": working_days_before(release, days, holidays)
        for days in policy.working_days_before
    }
    return days | working | {"release-day": release}


def due_after(release: date, policy: Policy) -> dict[str, date]:
    days = {f"released-{days}-days": release + timedelta(days=days) for days in policy.days_after}
    return days | {f"released-{months}-months": months_later(release, months) for months in policy.months_after}


def due_before_endings(endings: Mapping[DateType, date], policy: Policy) -> dict[str, date]:
    return {
        f"{kind.lower()}-{days}-days": endings[kind] - timedelta(days=days)
        for kind in ENDINGS
        if kind in endings
        for days in policy.days_before_expiry
    }


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due(present: Plan, today: date) -> list[tuple[str, date]]:
    """What is to fire on `today`, earliest first."""
    return sorted(((name, day) for name, day in present.items() if day <= today), key=lambda item: (item[1], item[0]))
