"""Who may know what of whom, from the facts that the walk has made and the clauses of the design.

What was given once may stay in a feed after an involvement ended; what rested on consent may not stay after a
withdrawal. That there is such a person, whoever was told may know for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.isolation.agencies import AUDITOR, KINDS, PARTIES
from tests.isolation.clauses import CLAUSES, named, needs_of

OWN = frozenset({"own", "grounds"})
"""Written for one's own file; of `grounds`, why somebody warns, asks or claims, the auditor is told."""

WILLING = frozenset({"consent", "asked-whether"})
"""Needs that a withdrawal of consent takes away."""


@dataclass(frozen=True, slots=True)
class Share:
    recipient: str
    person: int
    category: str
    source: str


@dataclass
class Referral:
    """`is_ordered`: it stands on an order and needs no consent."""

    id: str
    person: int
    sender: str
    receiver: str
    is_ordered: bool
    appointments: list[tuple[str, str]] = field(default_factory=list)
    """Who made each, and its id."""


@dataclass
class Knowledge:
    """The facts as far as they bear on who may know; persons are numbers, pairs are of agency and person."""

    registered: set[tuple[str, int]] = field(default_factory=set)
    involved: dict[tuple[str, int], str] = field(default_factory=dict)
    consented: set[tuple[str, int]] = field(default_factory=set)
    recorded: set[tuple[str, str, int]] = field(default_factory=set)
    """Who ever recorded a consent that names whom, and about whom."""
    holder: dict[int, str] = field(default_factory=dict)
    held: set[tuple[str, int]] = field(default_factory=set)
    """Prisons that left a person, by a transfer or by themselves."""
    opposed: set[tuple[str, int]] = field(default_factory=set)
    """Who is not to have a person's release date for their care."""
    mappa: set[int] = field(default_factory=set)
    referrals: list[Referral] = field(default_factory=list)
    asked: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Screening requests: who asks, who is asked, about whom."""
    warned: set[tuple[str, str, int]] = field(default_factory=set)
    """Who warned whom, and about whom."""
    pulled: set[tuple[str, str, int]] = field(default_factory=set)
    """Who asked in an emergency for which category, and of whom."""
    written: set[tuple[str, int, str]] = field(default_factory=set)
    """Source, person and category of all that could be shared."""
    lawful: set[Share] = field(default_factory=set)
    willing: set[Share] = field(default_factory=set)
    met: set[tuple[str, int]] = field(default_factory=set)
    """Who may know that there is such a person: through a deed of its own, of its bringer-in, or through a share."""

    def now(self, share: Share) -> bool:
        """Whether the recipient may see this now, in its view."""
        return any(True for _ in self._grounds(share))

    def ever(self, share: Share) -> bool:
        """Whether the recipient may have it from before, in its feed."""
        return share in self.lawful or share in self.willing or self.now(share)

    def knows_of(self, agency: str, person: int) -> bool:
        """Whether the agency may know that there is such a person."""
        return agency == AUDITOR or (agency, person) in self.met

    def has(self, agency: str, referral: Referral) -> bool:
        """Whether the agency is an end of this referral, and may know that it is."""
        return agency == referral.sender or (
            agency == referral.receiver and (referral.is_ordered or self.knows_of(agency, referral.person))
        )

    def learn(self) -> None:
        """Take down who may know what now; after every step."""
        for source, person, category in self.written:
            for recipient in PARTIES:
                share = Share(recipient, person, category, source)
                if recipient == source or share in self.lawful:
                    continue
                for needs in self._grounds(share):
                    self.met.add((recipient, person))
                    (self.willing if WILLING & set(needs) else self.lawful).add(share)

    def may_name(self, source: str, recipient: str, person: int, category: str) -> bool:
        """Whether a source may be told that this recipient was given this, or was refused it.

        Of clauses 2, 5 and 9 it may; of 3.1, 3.2 and 4.4 whoever recorded a consent; of the other clauses 4 the ends.
        """
        if any(clause.id[0] in "259" and clause.carries(source, recipient, category) for clause in CLAUSES):
            return True
        ends = {frozenset((each.sender, each.receiver)) for each in self.referrals if each.person == person}
        ends |= {frozenset((asker, trust)) for asker, trust, whom in self.asked.values() if whom == person}
        return (source, recipient, person) in self.recorded or frozenset((source, recipient)) in ends

    def withdraw(self, person: int) -> None:
        """Nothing of this person rests on consent any more."""
        self.consented = {each for each in self.consented if each[1] != person}
        self.willing = {share for share in self.willing if share.person != person}

    def _grounds(self, share: Share, *, on: bool = True) -> Iterator[tuple[str, ...]]:
        """What carries it; `on` is whether a referral may hand it on, which nobody hands on again."""
        if share.recipient == AUDITOR:
            if share.category == "grounds":
                yield ()
            return
        if share.category in OWN:
            return
        for needs in needs_of(share.source, share.recipient, share.category):
            if all(self._is_met(need, share, on=on) for need in needs):
                yield needs

    def _is_met(self, need: str, share: Share, *, on: bool) -> bool:
        source, recipient, person = share.source, share.recipient, share.person
        of_this = [each for each in self.referrals if each.person == person]
        match need:
            case "confirmed":
                return self.involved.get((recipient, person)) == "confirmed"
            case "involved":
                return (recipient, person) in self.involved
            case "consent":
                return (recipient, person) in self.consented
            case "unopposed":
                return (recipient, person) not in self.opposed or named(share.category) != "release-date"
            case "mappa":
                return person in self.mappa
            case "receiver":
                ours = [each for each in of_this if each.receiver == recipient]
                return any(each.sender == source or (on and self._hands_on(each, share)) for each in ours)
            case "sender":
                return any((each.receiver, each.sender) == (source, recipient) for each in of_this)
            case "order":
                ordered = [each for each in of_this if each.is_ordered and each.receiver == recipient]
                return any(each.sender == source or (on and self._hands_on(each, share)) for each in ordered)
            case "referred":
                return any(each.receiver == recipient and self._stands(each) for each in of_this)
            case "asked-whether":
                asked = (source, recipient, person) in self.asked.values()
                return asked and ((source, person) in self.consented or (recipient, person) in self.consented)
            case "warned":
                return (source, recipient, person) in self.warned
            case "pulled":
                return (recipient, named(share.category), person) in self.pulled
        raise AssertionError(f"no such need: {need}")

    def _hands_on(self, referral: Referral, share: Share) -> bool:
        """Whether the sender may hand this on, which is another's: it may have it, or held the person before."""
        if named(share.category) not in ("identity", "release-date"):
            return False
        if KINDS[share.source] == KINDS[referral.sender] == "prison" and (referral.sender, share.person) in self.held:
            return True
        if named(share.category) == "identity" and KINDS[share.source] != "prison":
            return False
        own = Share(referral.sender, share.person, named(share.category), share.source)
        return any(True for _ in self._grounds(own, on=False))

    def _stands(self, referral: Referral) -> bool:
        """Whether a referral has a ground on which it may have come."""
        share = Share(referral.receiver, referral.person, "referral", referral.sender)
        return self.now(share)
