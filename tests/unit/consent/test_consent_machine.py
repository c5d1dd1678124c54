"""Consents, refusals, withdrawals, objections, involvement and merges in any order, against a small model of the law.

The model keeps the plain list of what was said and when, per number, and asks it directly; the decision goes through
the compiled agreement. After every step they must agree for each number, and nothing taken back may ever be permitted:
not with the other number either, once two that were one person's are two again.
"""

from datetime import datetime, timedelta
from itertools import product
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consent.domain.decide import decide
from consent.domain.facts import Consent, Involvement, Objection, PersonFacts, Withdrawal
from consent.domain.parting import holds_for_both
from contracts.codes import Basis, Category, Purpose
from tests.support.consent_world import NOW, consent, involvement, policy, question, scope, withdrawal

CHARITY, TRUST, PROBATION = "charity-newstart", "mht-riverside", "probation-north"
MINUTE = timedelta(minutes=1)
BOTH = (Category.RELEASE_DATE, Category.IDENTITY)
CATEGORIES = st.sets(st.sampled_from(BOTH), min_size=1)
NAMES = ("one", "two")
NUMBERS = st.sampled_from(NAMES)
S = TypeVar("S", Consent, Withdrawal, Objection)


class Spoken(RuleBasedStateMachine):
    """Two numbers of one person; facts are given under either, and count together once they are merged."""

    @initialize(merged=st.booleans())
    def begin(self, merged: bool) -> None:
        self.now: datetime = NOW
        self.consents: dict[str, list[Consent]] = {"one": [], "two": []}
        self.withdrawals: dict[str, list[Withdrawal]] = {"one": [], "two": []}
        self.objections: dict[str, list[Objection]] = {"one": [], "two": []}
        self.involved: dict[str, Involvement] = {
            agency: involvement(agency, "confirmed") for agency in (CHARITY, TRUST, PROBATION)
        }
        self.recorded_at: dict[Consent | Withdrawal | Objection, datetime] = {}
        self.taken_back: set[tuple[str, Category]] = set()
        self.one_since: datetime | None = NOW if merged else None
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
        self.recorded_at[said] = self.now
        if decision == "refused":
            self.take_back(number, categories, until=at)
        self.consents[number].append(said)

    @rule(number=NUMBERS, categories=st.none() | CATEGORIES)
    def withdraws(self, number: str, categories: set[Category] | None) -> None:
        at = self.tick()
        covers = scope(CHARITY, categories=None if categories is None else tuple(sorted(categories)), purposes=None)
        said = withdrawal(at, covers)
        self.recorded_at[said] = at
        self.take_back(number, set(BOTH) if categories is None else categories, until=at)
        self.withdrawals[number].append(said)

    @rule(number=NUMBERS)
    def objects(self, number: str) -> None:
        at = self.tick()
        covers = scope(TRUST, categories=(Category.RELEASE_DATE,))
        said = Objection(f"objection-{self.serial}", covers, at, at + 60 * MINUTE, 1)
        self.recorded_at[said] = at
        self.objections[number].append(said)

    @rule(agency=st.sampled_from([CHARITY, TRUST, PROBATION]), state=st.sampled_from(["claimed", "confirmed", "ended"]))
    def involves(self, agency: str, state: str) -> None:
        self.tick()
        self.involved[agency] = involvement(agency, state)

    @precondition(lambda self: self.one_since is None)
    @rule()
    def merges(self) -> None:
        self.one_since = self.tick()

    @precondition(lambda self: self.one_since is not None)
    @rule()
    def unmerges(self) -> None:
        """What holds for both stands under either number from now on."""
        self.share(self.withdrawals)
        self.share(self.objections)
        self.share(self.consents)
        self.one_since = None

    def share(self, said: dict[str, list[S]]) -> None:
        one, other = said["one"], said["two"]
        of_one, of_other = filter(self.is_for_both, one[:]), filter(self.is_for_both, other[:])
        other += [each for each in of_one if each not in other]
        one += [each for each in of_other if each not in one]

    def is_for_both(self, said: Consent | Withdrawal | Objection) -> bool:
        assert self.one_since is not None
        agrees = isinstance(said, Consent) and said.decision == "given"
        return holds_for_both(agrees=agrees, recorded_at=self.recorded_at[said], one_since=self.one_since)

    def take_back(self, number: str, categories: set[Category], *, until: datetime) -> None:
        """Notes what nobody may rely on again: what was given up to then, under whichever number the person has."""
        self.taken_back |= {
            (said.id, category)
            for mine in self.numbers(number)
            for said in self.consents[mine]
            for category in categories
            if said.given_at <= until
        }

    @rule(minutes=st.integers(1, 200))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    def numbers(self, number: str) -> tuple[str, ...]:
        return (number,) if self.one_since is None else NAMES

    def person(self, number: str) -> PersonFacts:
        numbers = self.numbers(number)
        return PersonFacts(
            version=1,
            involvements=tuple(self.involved.values()),
            consents=tuple(item for mine in numbers for item in self.consents[mine]),
            withdrawals=tuple(item for mine in numbers for item in self.withdrawals[mine]),
            objections=tuple(item for mine in numbers for item in self.objections[mine]),
        )

    def agreed(self, number: str, category: Category) -> bool:
        """The model: the last thing said about this category was yes, and nobody withdrew it since."""
        said = [item for mine in self.numbers(number) for item in self.consents[mine]]
        about = [item for item in said if category in (item.scope.categories or ())]
        if not about:
            return False
        last = sorted(about, key=lambda item: (item.given_at, item.decision == "refused", item.id))[-1]
        taken_back = any(
            gone.at >= last.given_at and (gone.scope.categories is None or category in gone.scope.categories)
            for mine in self.numbers(number)
            for gone in self.withdrawals[mine]
        )
        return last.decision == "given" and not taken_back

    def state(self, agency: str) -> str:
        return str(self.involved[agency].state) if agency in self.involved else "ended"

    @invariant()
    def the_charity_has_what_was_agreed_and_nothing_else(self) -> None:
        for number, category in product(NAMES, BOTH):
            asked = question("hmp-northgate", CHARITY, category, self.person(number), now=self.now)
            verdict = decide(asked, policy())
            assert verdict.permitted is (self.agreed(number, category) and self.state(CHARITY) != "ended")
            if verdict.grant:
                assert verdict.grant.rule.clause.basis is Basis.CONSENT
                assert verdict.grant.consent is not None
                assert (verdict.grant.consent.id, category) not in self.taken_back
            else:
                assert verdict.reason is not None

    @invariant()
    def law_yields_to_an_objection_only_where_it_says_so(self) -> None:
        for number in NAMES:
            person = self.person(number)
            objected = any(item.valid_from <= self.now < (item.valid_until or self.now) for item in person.objections)
            for agency, stopped in ((TRUST, objected), (PROBATION, False)):
                asked = question("hmp-northgate", agency, Category.RELEASE_DATE, person, now=self.now)
                verdict = decide(asked, policy())
                assert verdict.permitted is (self.state(agency) == "confirmed" and not stopped)
                if verdict.grant:
                    assert verdict.grant.rule.clause.basis is Basis.STATUTORY
                    assert verdict.grant.consent is None


Spoken.TestCase.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
TestSpoken = Spoken.TestCase
