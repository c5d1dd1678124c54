"""Who may know what of whom: a model written from the table "Who sees what" of the design, not from the code.

It is an upper bound: what it does not allow must never show. What was given once may stay in a feed after an
involvement ended; what rested on consent may not stay after a withdrawal.
"""

from dataclasses import dataclass, field

KINDS = {
    "hmp-northgate": "prison",
    "hmp-southmoor": "prison",
    "probation-north": "probation",
    "police-north": "police",
    "mht-riverside": "mental-health",
    "mht-moorland": "mental-health",
    "charity-newstart": "provider",
    "charity-gatehouse": "provider",
}
CONTRACTED = {"charity-gatehouse"}
JUSTICE = {"prison", "probation"}
COMMON = {"identity", "release-date", "accommodation"}


def by_law(source: str, recipient: str, category: str) -> bool:
    """Clauses 2.1 to 2.5 and 3.3: for a recipient whose involvement is confirmed."""
    giver, taker = KINDS[source], KINDS[recipient]
    if category in COMMON:
        if {giver, taker} <= JUSTICE | {"police"} and (giver in JUSTICE or taker in JUSTICE):
            return not giver == taker == "probation"
        if giver in JUSTICE and recipient in CONTRACTED:
            return True
        return giver == "prison" and taker == "mental-health" and category != "accommodation"
    return category == "risk-markers" and (
        taker in ("police", "probation") or (giver, taker) in (("prison", "prison"), ("probation", "prison"))
    )


def by_consent(source: str, recipient: str, category: str) -> bool:
    """Clause 3.1: for an involved recipient whom the consent names."""
    return KINDS[source] in JUSTICE and KINDS[recipient] == "provider" and category in COMMON


Share = tuple[str, int, str, str]
"""Recipient, person, category, source."""


@dataclass
class Knowledge:
    """The facts as far as they bear on who may know; persons are numbers."""

    registered: set[tuple[str, int]] = field(default_factory=set)
    involved: dict[tuple[str, int], str] = field(default_factory=dict)
    consented: set[tuple[str, int]] = field(default_factory=set)
    holder: dict[int, str] = field(default_factory=dict)
    met: set[tuple[str, int]] = field(default_factory=set)
    """Agencies that themselves ever registered or claimed, or were brought in by another."""
    lawful: set[Share] = field(default_factory=set)
    willing: set[Share] = field(default_factory=set)
    addressed: set[Share] = field(default_factory=set)

    def now(self, share: Share) -> bool:
        """Whether the recipient may see this now, in its view."""
        return share in self.addressed or self._law(share) or self._consent(share)

    def ever(self, share: Share) -> bool:
        """Whether the recipient may have it from before, in its feed."""
        return self.now(share) or share in self.lawful or share in self.willing

    def knows_of(self, agency: str, person: int) -> bool:
        """Whether the agency may know that there is such a person."""
        shares = self.lawful | self.willing | self.addressed
        return (agency, person) in self.met or any(share[:2] == (agency, person) for share in shares)

    def learn(self, persons: int) -> None:
        """Take down who may know what now; after every step."""
        for recipient in KINDS:
            for person in range(persons):
                for category in (*COMMON, "risk-markers"):
                    for source in KINDS:
                        share = (recipient, person, category, source)
                        if source != recipient and self._law(share):
                            self.lawful.add(share)
                        elif source != recipient and self._consent(share):
                            self.willing.add(share)

    def withdraw(self, person: int) -> None:
        self.consented = {each for each in self.consented if each[1] != person}
        self.willing = {share for share in self.willing if share[1] != person}

    def _law(self, share: Share) -> bool:
        recipient, person, category, source = share
        return self.involved.get((recipient, person)) == "confirmed" and by_law(source, recipient, category)

    def _consent(self, share: Share) -> bool:
        recipient, person, category, source = share
        named = (recipient, person) in self.consented and (recipient, person) in self.involved
        return named and by_consent(source, recipient, category)
