"""The numbers of the rules, as one versioned value (domain.md, Referrals)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta

from contracts.codes import ReferralState, Urgency


@dataclass(frozen=True)
class Policy:
    """`version` names this set; a changed number is a new version."""

    version: str = "2026-1"

    hours: Mapping[Urgency, int] = field(default_factory=lambda: {Urgency.EMERGENCY: 4, Urgency.VERY_URGENT: 24})
    """Answer due after so many hours, night and day: an emergency does not wait for Monday."""
    working_days: Mapping[Urgency, int] = field(default_factory=lambda: {Urgency.URGENT: 5, Urgency.ROUTINE: 20})
    """Answer due at the close of this working day after the one on which it came in."""
    opens: time = time(9)
    closes: time = time(17)
    """Working hours; what comes in after them came in on the next working day."""
    before_release: int = 5
    """Never later than this many working days before the release, where the receiver was shown its date."""
    least: timedelta = timedelta(hours=4)
    """A date that moves close leaves the receiver at least this long."""

    expires_after: Mapping[ReferralState, timedelta] = field(
        default_factory=lambda: {
            ReferralState.DRAFT: timedelta(days=90),
            ReferralState.SUBMITTED: timedelta(days=180),
            ReferralState.AWAITING_CONSENT: timedelta(days=90),
            ReferralState.RECEIVED: timedelta(days=180),
            ReferralState.INFORMATION_REQUESTED: timedelta(days=90),
            ReferralState.ON_HOLD: timedelta(days=180),
            ReferralState.RETURNED_WITH_ADVICE: timedelta(days=90),
            ReferralState.CONSENT_WITHDRAWN: timedelta(days=180),
        }
    )
    """A side that has stood this long in one of these states expires."""

    flagged_bounces: int = 2
    """From this many refusals both ends are told."""

    opens_before: int = 84
    closes_after: int = 28
    care_months: int = 6
    """RECONNECT takes referrals from 84 days before release until 28 days after, and stays for 6 months."""

    answers_at_least: int = 10
    senders_at_least: int = 3
    answers_days: int = 365
    """Waiting time and acceptance rate are of so many answers of so many senders at least, within so many days."""


DEFAULT = Policy()
