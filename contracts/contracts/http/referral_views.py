"""HTTP bodies that the gateways make of referrals: the owner's answer joined with what was shared of the other side."""

from contracts.codes import Need, ReferralState
from contracts.event import Instant
from contracts.http.referral import Body, ReferralAnswer
from contracts.http.release import ComingRelease


class SharedInformation(Body):
    """What the sender answered when it was asked for more."""

    answer: str
    at: Instant


class ReferralView(ReferralAnswer):
    """A referral as its side sees it: its own part from the owner, the other side's as far as it was shared."""

    appointment_at: Instant | None = None
    information: list[SharedInformation] | None = None


class ReferralViews(Body):
    items: list[ReferralView]
    next: str | None


class ReferralAppointmentMade(ReferralView):
    """The referral, with the id of the appointment that was just made."""

    appointment_id: str


class Unaccepted(Body):
    """A referral of a coming release that nobody has accepted, as far as this prison knows."""

    referral_id: str
    chain_id: str
    needs: list[Need]
    state: ReferralState
    bounces: int
    days: int


class UnansweredRelease(ComingRelease):
    unaccepted: list[Unaccepted]


class UnansweredReleases(Body):
    """`GET /releases/unanswered`. A page may be short; `next` says whether there is more."""

    items: list[UnansweredRelease]
    next: str | None
