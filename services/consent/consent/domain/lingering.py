"""What stood on consent and ended before the consent did: an involvement was over, or a referral.

It left its recipient's view then and stayed in the feed, as what was lawfully told. Once the person takes the consent
back it goes from there as well: "what rested on it alone is gone from every view" (architecture.md, invariant 2).
"""

from datetime import datetime

from consent.domain.facts import AgencyFact, Ground, PersonFacts
from consent.domain.grounds import Covered, consent_for
from contracts.codes import Category, Purpose


def still_agreed(
    category: Category, source: AgencyFact, recipient: AgencyFact, person: PersonFacts, now: datetime
) -> bool:
    """Whether a consent in force covers such a share still, for any purpose. An answer goes back on the consent on
    which its referral came."""
    grounds = [(category, recipient)]
    if category == Category.REFERRAL_STATUS:
        grounds.append((Category.REFERRAL, source))
    return any(
        isinstance(consent_for(person, Ground(of, to.id, to.kind, purpose), now), Covered)
        for of, to in grounds
        for purpose in Purpose
    )
