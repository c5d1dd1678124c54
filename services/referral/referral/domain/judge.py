"""What a release date means for a referral, to somebody who was shown that date."""

from dataclasses import dataclass
from datetime import date, datetime

from contracts.codes import ReferralAlert, ReferralWarning, RejectionCode
from referral.domain.working_time import LONDON


@dataclass(frozen=True, slots=True)
class Intake:
    """When a service takes people: so many days before release, from its next start, after its usual wait."""

    opens_days_before: int | None = None
    next_start: date | None = None
    waiting_days: int | None = None


def too_early(intake: Intake, release: date, today: date) -> bool:
    """The service's referrals are not open yet."""
    return intake.opens_days_before is not None and (release - today).days > intake.opens_days_before


def not_enough_time(intake: Intake, release: date, today: date) -> bool:
    """The person is gone before the service could start."""
    return (intake.next_start is not None and intake.next_start > release) or (
        intake.waiting_days is not None and intake.waiting_days > (release - today).days
    )


def alerts_of(
    intake: Intake, release: date, appointments: tuple[datetime, ...], today: date
) -> tuple[ReferralAlert, ...]:
    """What the receiver of an open referral is to know of this date; `appointments` are those to come."""
    found = []
    if too_early(intake, release, today):
        found.append(ReferralAlert.TOO_EARLY)
    if not_enough_time(intake, release, today):
        found.append(ReferralAlert.NOT_ENOUGH_TIME)
    if any(moment.astimezone(LONDON).date() < release for moment in appointments):
        found.append(ReferralAlert.APPOINTMENT_BEFORE_RELEASE)
    return tuple(found)


def reason_is_past(code: str | None, intake: Intake, release: date, today: date) -> bool:
    """Whether it was refused for a time that is no longer so."""
    if code == RejectionCode.TOO_EARLY:
        return intake.opens_days_before is not None and not too_early(intake, release, today)
    if code == RejectionCode.NOT_ENOUGH_TIME:
        known = intake.next_start is not None or intake.waiting_days is not None
        return known and not not_enough_time(intake, release, today)
    return False


WARNINGS: dict[ReferralWarning, str] = {
    ReferralWarning.LIVE_ELSEWHERE: "You have a live referral of this person for the same need with another agency.",
    ReferralWarning.WAIT_TOO_LONG: "The service's wait is longer than the time left until release.",
    ReferralWarning.NOBODY_IN_AREA: "No service in the area takes one of these needs.",
}
"""What is said at submission. Of others' referrals nothing is: that somebody else has one is health data."""
