"""The times in which RECONNECT takes people, counted from a release [RECONNECT service specification]."""

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.codes import ReferralWindow
from referral.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Window:
    """Open on the days `opens_on` <= day < `closes_on`."""

    opens_on: date
    closes_on: date


def windows(release: date, policy: Policy) -> dict[ReferralWindow, Window]:
    """Both windows around one release."""
    return {
        ReferralWindow.RECONNECT_REFERRAL: Window(
            release - timedelta(days=policy.opens_before), release + timedelta(days=policy.closes_after)
        ),
        ReferralWindow.RECONNECT_CARE: Window(release, _months_after(release, policy.care_months)),
    }


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    first_of_next = date(day.year + years + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = first_of_next - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))
