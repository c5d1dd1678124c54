"""Milestones: each fires once, on its day or late, however often dates move and the process restarts."""

from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.codes import DateType
from release_notify.calendar import england_and_wales as holidays
from release_notify.domain import milestones
from release_notify.domain.milestones import months_later
from release_notify.domain.policy import DEFAULT

START = date(2026, 1, 5)


def planned(
    release: date | None,
    *,
    today: date = START,
    released: bool = False,
    endings: dict[DateType, date] | None = None,
    fired: frozenset[str] = frozenset(),
    present: milestones.Plan | None = None,
) -> dict[str, date]:
    return milestones.plan(
        release,
        released=released,
        endings=endings or {},
        fired=fired,
        present=present or {},
        today=today,
        holidays=holidays,
        policy=DEFAULT,
    )


def test_the_whole_plan_of_a_release_far_ahead() -> None:
    plan = planned(date(2026, 8, 31), endings={DateType.SLED: date(2027, 3, 1), DateType.ESED: date(2027, 4, 1)})
    assert plan == {
        "release-84-days": date(2026, 6, 8),
        "release-56-days": date(2026, 7, 6),
        "release-28-days": date(2026, 8, 3),
        "release-14-days": date(2026, 8, 17),
        "release-7-days": date(2026, 8, 24),
        "release-2-working-days": date(2026, 8, 27),
        "release-day": date(2026, 8, 31),
        "released-28-days": date(2026, 9, 28),
        "released-6-months": date(2027, 2, 28),
        "sled-28-days": date(2027, 2, 1),
    }


def test_what_was_due_before_we_knew_is_due_at_once_while_the_release_is_ahead() -> None:
    plan = planned(START + timedelta(days=10))
    names = [name for name, _ in milestones.due(plan, START)]
    assert names == [f"release-{days}-days" for days in (84, 56, 28, 14)]


def test_a_release_in_the_past_has_only_what_is_still_to_come() -> None:
    assert set(planned(START - timedelta(days=20))) == {"released-28-days", "released-6-months"}
    assert planned(START - timedelta(days=400)) == {}


def test_without_a_release_there_is_nothing() -> None:
    assert planned(None, endings={DateType.SLED: date(2027, 3, 1)}) == {}


def test_after_the_real_release_those_before_it_are_gone() -> None:
    assert set(planned(START, released=True)) == {"released-28-days", "released-6-months"}


def test_six_months_after_a_long_month_end_with_the_shorter_month() -> None:
    assert months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_later(date(2026, 7, 1), 6) == date(2027, 1, 1)


class Milestones(RuleBasedStateMachine):
    """A release whose date moves about while days go by and a timer fires what is due, sometimes late."""

    def __init__(self) -> None:
        super().__init__()
        self.today = START
        self.release: date | None = None
        self.plan: dict[str, date] = {}
        self.fired: list[str] = []
        self.late: set[str] = set()

    def replan(self) -> None:
        self.plan = planned(self.release, today=self.today, fired=frozenset(self.fired), present=self.plan)

    @rule(days=st.integers(-30, 200))
    def the_date_moves(self, days: int) -> None:
        self.release = self.today + timedelta(days=days)
        self.replan()

    @rule()
    def the_date_is_withdrawn(self) -> None:
        self.release = None
        self.replan()

    @rule()
    def something_else_changes(self) -> None:
        before = dict(self.plan)
        self.replan()
        assert self.plan == before

    @rule(days=st.integers(1, 40))
    def days_go_by(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def the_timer_runs_after_a_restart(self) -> None:
        for name, day in milestones.due(self.plan, self.today):
            assert day <= self.today
            self.fired.append(name)
            del self.plan[name]

    @invariant()
    def none_fires_twice(self) -> None:
        assert len(self.fired) == len(set(self.fired))
        assert not set(self.fired) & set(self.plan)

    @invariant()
    def what_is_to_come_is_counted_from_the_present_date(self) -> None:
        if self.release is None:
            assert self.plan == {}
            return
        wanted = milestones.due_before(self.release, holidays, DEFAULT) | milestones.due_after(self.release, DEFAULT)
        assert all(wanted[name] == day for name, day in self.plan.items())
        if self.release >= self.today:
            assert set(self.plan) | set(self.fired) >= set(wanted)


TestMilestones = Milestones.TestCase
TestMilestones.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
