"""What stands on consent and ends for another reason: an involvement was over, or a referral.

It leaves its recipient's view then and stays in the feed, as what was lawfully told, while the person goes on agreeing.
Once the consent is taken back it goes from there as well: "what rested on it alone is gone from every view"
(architecture.md, invariant 2), whichever of the two was judged first.
"""

from consent.domain.conditions import not_chosen
from consent.domain.facts import AgencyFact, Consent, Ground, Question
from consent.domain.grounds import Covered, consent_for, withdrawn_at
from consent.domain.policy import Policy, Rule
from contracts.codes import AgencyKind, Basis, Category, Purpose


def still_agreed(question: Question, clause: str, policy: Policy) -> bool:
    """Whether a consent in force covers what was shared on this clause still.

    An answer goes back on the consent on which its referral came, unless the person has withdrawn that it does. Of a
    clause that is in no agreement any more nobody knows for what it was: any purpose counts.
    """
    source, recipient, category = question.offer.source, question.recipient, question.offer.category
    rules = _on_consent(policy, source.kind, recipient.kind, category)
    own = [rule for rule in rules if rule.clause.id == clause]
    if any(rule.clause.as_referred for rule in own):
        came = _on_consent(policy, recipient.kind, source.kind, Category.REFERRAL)
        covering = _covering(question, Category.REFERRAL, source, came)
        told = [Ground(category, recipient.id, recipient.kind, purpose) for rule in own for purpose in rule.purposes]
        withdrawals = question.person.withdrawals
        return any(withdrawn_at(each, withdrawals, ground) is None for each in covering for ground in told)
    return bool(_covering(question, category, recipient, own))


def _on_consent(policy: Policy, source: AgencyKind, recipient: AgencyKind, category: Category) -> list[Rule]:
    return [rule for rule in policy.matching(source, recipient, category) if rule.clause.basis is Basis.CONSENT]


def _covering(question: Question, category: Category, to: AgencyFact, rules: list[Rule]) -> list[Consent]:
    chosen = any(condition.kind == "chosen-authority" for rule in rules for condition in rule.clause.conditions)
    purposes = {purpose for rule in rules for purpose in rule.purposes} or set(Purpose)
    found = [consent_for(question.person, Ground(category, to.id, to.kind, each), question.now) for each in purposes]
    covering = [each.consent for each in found if isinstance(each, Covered)]
    return [each for each in covering if not (chosen and not_chosen(each, to))]
