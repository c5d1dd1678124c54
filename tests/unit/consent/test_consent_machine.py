"""Consents, refusals, withdrawals, objections, involvement and merges in any order, against a small model of the law.

The model keeps the plain list of what was said and when, per number, and asks it directly; the decision goes through
the compiled agreement. After every step they must agree, and nothing withdrawn may ever be permitted.
"""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from consent.domain.decide import decide
from consent.domain.facts import Consent, Involvement, Objection, PersonFacts, Withdrawal
from contracts.codes import Basis, Category, Purpose
from tests.support.consent_world import NOW, consent, involvement, policy, question, scope, withdrawal

CHARITY, TRUST, PROBATION = "charity-newstart", "mht-riverside", "probation-north"
MINUTE = timedelta(minutes=1)
CATEGORIES = st.sets(st.sampled_from([Category.RELEASE_DATE, Category.IDENTITY]), min_size=1)
NUMBERS = st.sampled_from(["one", "two"])


class Spoken(RuleBasedStateMachine):
    """Two numbers of one person; facts are given under either, and count together once they are merged."""

    @initialize()
    def begin(self) -> None:
        self.now: datetime = NOW
        self.consents: dict[str, list[Consent]] = {"one": [], "two": []}
        self.withdrawals: dict[str, list[Withdrawal]] = {"one": [], "two": []}
        self.objections: dict[str, list[Objection]] = {"one": [], "two": []}
        self.involved: dict[str, Involvement] = {}
        self.merged = False
        self.serial = 0

    def tick(self) -> datetime:
        self.now += MINUTE
        self.serial += 1
        return self.now

    @rule(number=NUMBERS, categories=CATEGORIES, ago=st.integers(0, 30), decision=st.sampled_from(["given", "refused"]))
    def speaks(self, number: str, categories: set[Category], ago: int, decision: str) -> None:
        at = self.tick() - ago * MINUTE
        covers = scope(CHARITY, categories=tuple(sorted(categories)), purposes=(Purpose.RESETTLEMENT,))
        said = consent(f"consent-{self.serial:04}", covers, given_at=at, decision=decision)
        self.consents[number].append(said)

    @rule(number=NUMBERS, categories=st.none() | CATEGORIES)
    def withdraws(self, number: str, categories: set[Category] | None) -> None:
        at = self.tick()
        covers = scope(CHARITY, categories=None if categories is None else tuple(sorted(categories)), purposes=None)
        self.withdrawals[number].append(withdrawal(at, covers))

    @rule(number=NUMBERS)
    def objects(self, number: str) -> None:
        at = self.tick()
        covers = scope(TRUST, categories=(Category.RELEASE_DATE,))
        self.objections[number].append(Objection(f"objection-{self.serial}", covers, at, at + 60 * MINUTE, 1))

    @rule(agency=st.sampled_from([CHARITY, TRUST, PROBATION]), state=st.sampled_from(["claimed", "confirmed", "ended"]))
    def involves(self, agency: str, state: str) -> None:
        self.tick()
        self.involved[agency] = involvement(agency, state)

    @rule()
    def merges(self) -> None:
        self.merged = True

    @rule()
    def unmerges(self) -> None:
        self.merged = False

    @rule(minutes=st.integers(1, 200))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    def numbers(self) -> list[str]:
        return ["one", "two"] if self.merged else ["one"]

    def person(self) -> PersonFacts:
        return PersonFacts(
            version=1,
            involvements=tuple(self.involved.values()),
            consents=tuple(item for number in self.numbers() for item in self.consents[number]),
            withdrawals=tuple(item for number in self.numbers() for item in self.withdrawals[number]),
            objections=tuple(item for number in self.numbers() for item in self.objections[number]),
        )

    def agreed(self, category: Category) -> bool:
        """The model: the last thing said about this category was yes, and nobody withdrew it since."""
        said = [item for number in self.numbers() for item in self.consents[number]]
        about = [item for item in said if category in (item.scope.categories or ())]
        if not about:
            return False
        last = sorted(about, key=lambda item: (item.given_at, item.decision == "refused", item.id))[-1]
        taken_back = any(
            gone.at >= last.given_at and (gone.scope.categories is None or category in gone.scope.categories)
            for number in self.numbers()
            for gone in self.withdrawals[number]
        )
        return last.decision == "given" and not taken_back

    def state(self, agency: str) -> str:
        return str(self.involved[agency].state) if agency in self.involved else "ended"

    @invariant()
    def the_charity_has_what_was_agreed_and_nothing_else(self) -> None:
        for category in (Category.RELEASE_DATE, Category.IDENTITY):
            asked = question("hmp-northgate", CHARITY, category, self.person(), now=self.now)
            verdict = decide(asked, policy())
            assert verdict.permitted is (self.agreed(category) and self.state(CHARITY) != "ended")
            if verdict.grant:
                assert verdict.grant.rule.clause.basis is Basis.CONSENT
                assert verdict.grant.consent is not None
            else:
                assert verdict.reason is not None

    @invariant()
    def law_yields_to_an_objection_only_where_it_says_so(self) -> None:
        person = self.person()
        objected = any(item.valid_from <= self.now < (item.valid_until or self.now) for item in person.objections)
        for agency, stopped in ((TRUST, objected), (PROBATION, False)):
            asked = question("hmp-northgate", agency, Category.RELEASE_DATE, person, now=self.now)
            verdict = decide(asked, policy())
            assert verdict.permitted is (self.state(agency) == "confirmed" and not stopped)
            if verdict.grant:
                assert verdict.grant.rule.clause.basis is Basis.STATUTORY
                assert verdict.grant.consent is None


Spoken.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSpoken = Spoken.TestCase
