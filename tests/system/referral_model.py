"""Referrals between two ends, as the design has them: what is so, what each end may know, and on which ground.

Written from the tables of the design, not from the code. Each end has a state of its own; the sender's follows the
receiver's by the answers that it may have. `settle` works out what the ground means for both, and is called after
every step.
"""

from dataclasses import dataclass, field

RECEIVERS = ("mht-riverside", "das-riverside")
PRISON, PROBATION = SENDERS = ("hmp-northgate", "probation-north")
AGENCIES = (*SENDERS, *RECEIVERS)
NHS = "mht-riverside"

WAITING = frozenset({"received", "information-requested", "on-hold"})
TAKEN = frozenset({"accepted", "allocated", "in-progress"})
SHARED = WAITING | TAKEN | {"returned-with-advice"}
LIVE = SHARED | {"submitted", "awaiting-consent", "consent-withdrawn"}
DECIDED = frozenset({"withdrawn", "closed", "expired"})
MEETABLE = TAKEN | {"received", "on-hold"}

Moves = dict[str, tuple[frozenset[str], str | None]]
"""Action -> the states that allow it, and where it leads; None stays."""
RECEIVING: Moves = {
    "acceptance": (frozenset({"received"}), "accepted"),
    "rejection": (WAITING, "rejected"),
    "advice": (frozenset({"received"}), "returned-with-advice"),
    "information-request": (frozenset({"received"}), "information-requested"),
    "hold": (frozenset({"received"}), "on-hold"),
    "resumption": (frozenset({"on-hold"}), "received"),
    "allocation": (frozenset({"accepted", "allocated"}), "allocated"),
    "outcome": (TAKEN | {"consent-withdrawn"}, "prematurely-ended"),
    "appointments": (MEETABLE, None),
}
SENDING: Moves = {
    "submission": (frozenset({"draft", "returned-with-advice"}), "submitted"),
    "information": (frozenset({"information-requested"}), "received"),
    "withdrawal": (LIVE | {"draft"}, "withdrawn"),
    "closure": (frozenset({"returned-with-advice", "rejected"}), "closed"),
}


@dataclass
class End:
    """One end's state; `resumes` is where consent was withdrawn."""

    state: str
    resumes: str | None = None

    def moves(self, to: str) -> None:
        self.resumes = self.state if to == "consent-withdrawn" else None
        self.state = to


@dataclass
class Referral:
    """`answer` is what the receiver last said as the sender may have it; `news` counts what it said."""

    id: str
    person: int
    sender: str
    receiver: str
    ordered: bool
    sent: End
    had: End
    received: bool = False
    answer: dict[str, str] = field(default_factory=dict)
    news: int = 0
    heard: int = 0
    own_reason: str | None = None
    appointment_at: str | None = None
    reason_code: str | None = None
    onward: str | None = None

    @property
    def offered(self) -> bool:
        """Whether the sender believes it live, and it is on its way or there."""
        return self.sent.state in LIVE

    @property
    def taken_on(self) -> bool:
        return self.had.state in TAKEN or (self.had.state == "consent-withdrawn" and self.had.resumes in TAKEN)


@dataclass
class Model:
    """`deaf` are the senders whom no clause lets have an answer. Persons are numbers."""

    deaf: frozenset[str] = frozenset()
    referrals: list[Referral] = field(default_factory=list)
    consented: set[tuple[int, str]] = field(default_factory=set)
    objected: set[int] = field(default_factory=set)

    def ground(self, it: Referral) -> bool:
        """Whether the referral may come to its receiver now."""
        return it.ordered or (it.person, it.receiver) in self.consented

    def reads(self, it: Referral) -> bool:
        """Whether the receiver sees the sender's words now."""
        return it.offered and self.ground(it)

    def hears(self, it: Referral) -> bool:
        """Whether the sender may have the receiver's answer now."""
        return it.sender not in self.deaf and self.ground(it)

    def of(self, person: int) -> list[Referral]:
        return [it for it in self.referrals if it.person == person]

    def knows_release(self, receiver: str, person: int) -> bool:
        """Clauses 3.3, 4.1 and 4.2."""
        mine = [it for it in self.of(person) if it.receiver == receiver]
        live = [it for it in mine if it.offered]
        agreed = bool(live) and (person, receiver) in self.consented
        care = any(self.ground(it) for it in live) or any(it.taken_on for it in mine)
        by_law = receiver == NHS and care and person not in self.objected
        return agreed or by_law or any(it.ordered for it in live)

    def receiver_does(self, it: Referral, action: str) -> bool:
        """Whether it may, and then it has."""
        allowed, to = RECEIVING[action]
        if it.had.state not in allowed:
            return False
        if to is not None:
            it.had.moves(to)
        it.reason_code = None
        it.news += 1
        return True

    def sender_does(self, it: Referral, action: str) -> bool:
        """As `receiver_does`; the receiver's end goes along where its own state allows that."""
        allowed, to = SENDING[action]
        if it.sent.state not in allowed or to is None:
            return False
        it.sent.moves(to)
        if it.had.state in allowed:
            it.had.moves(to)
            it.news += action == "information"
        return True

    def settle(self) -> None:
        """What grounds, and answers that may be had, make of every referral."""
        for it in self.referrals:
            if it.offered:
                self._by_ground(it)
            self._tell(it)

    def _by_ground(self, it: Referral) -> None:
        for end in (it.sent, it.had):
            if self.ground(it):
                it.received = True
                if end.state in ("submitted", "awaiting-consent"):
                    end.moves("received")
                elif end.state == "consent-withdrawn":
                    end.moves(str(end.resumes))
            elif end.state == "submitted":
                end.moves("awaiting-consent")
            elif end.state in SHARED:
                end.moves("consent-withdrawn")

    def _tell(self, it: Referral) -> None:
        told = it.had.state in SHARED or it.had.state in ("rejected", "prematurely-ended")
        if told and it.news:
            it.answer = {"state": it.had.state}
            if it.reason_code:
                it.answer["reason_code"] = it.reason_code
            if it.appointment_at and it.had.state in TAKEN:
                it.answer["appointment_at"] = it.appointment_at
        if not it.answer or it.heard == it.news or not self.hears(it):
            return
        it.heard = it.news
        if it.sent.state not in DECIDED:
            it.sent.moves(it.answer["state"])
