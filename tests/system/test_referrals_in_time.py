"""What time does to a referral. The services' clocks run ahead, to a Wednesday morning and then to its afternoon."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import pytest

from chassis.clock import now
from chassis.http_client import ServiceClient
from referral.calendar import england_and_wales
from tests.support.eventually import eventually
from tests.support.settled import settled
from tests.support.stack import RunningStack, throughgate_up
from tests.system.referring import act, agree, refer, sees
from tests.system.world import NORTHGATE, PROBATION, TRUST, World
from throughgate.local.ports import free_port

BEGINS = time(10, tzinfo=UTC)
LEAST = timedelta(hours=4)
"""A date that moves close leaves a receiver at least this long."""


def plain_wednesday(after: date) -> date:
    """A Wednesday whose week and the next have no bank holiday."""
    day = after + timedelta(days=(2 - after.weekday()) % 7 + 7)
    while any(day + timedelta(days=days) in england_and_wales(day.year) for days in range(-2, 12)):
        day += timedelta(days=7)
    return day


class Stage:
    """A stack whose clocks run ahead. It can be stopped and started again later in the day, on the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.wednesday = plain_wednesday(now().date())
        self.ahead = datetime.combine(self.wednesday, BEGINS) - now()
        self.port = free_port()

    @property
    def present(self) -> datetime:
        """What time it is for the services."""
        return now() + self.ahead

    def let_pass(self, time_gone: timedelta) -> None:
        """Stop, and start when so much time has gone by."""
        assert self.process.stop(signal.SIGTERM) == 0
        self.ahead += time_gone
        self.start()

    def start(self) -> None:
        told = {"THROUGHGATE_CLOCK_AHEAD_S": str(self.ahead.total_seconds())}
        self.process = throughgate_up(self.port, self.data_dir, environment=told)
        self.url = self.process.wait_for("ready", within=180)["url"]

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        async with ServiceClient(self.url, timeout_s=60) as http:
            yield World(RunningStack(self.url, self.data_dir, self.process), http)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage") / "data")
    try:
        made.start()
        yield made
    finally:
        made.process.stop(signal.SIGTERM)


async def test_a_release_moved_to_a_friday_at_two_days_notice_moves_the_due_time_of_an_open_referral(
    stage: Stage,
) -> None:
    """The trust is told of the date, of the new due time and why; the sender, who set the date, has it too."""
    wednesday, friday = stage.wednesday, stage.wednesday + timedelta(days=2)
    sentence = {"kind": "determinate", "sentenced_at": "2025-01-06", "days_served": 400}
    async with stage.world() as world:
        person = await world.person()
        await world.supervise(person)
        await world.push(person, wednesday + timedelta(days=90), sentence=sentence)
        await agree(world, person, TRUST)
        referral = await refer(world, person, TRUST)
        before = await sees(world, TRUST, referral, state="received", reason=...)
        await world.sees(TRUST, person, wednesday + timedelta(days=90))
        assert "due-moved" not in before.get("alerts", [])

        began = stage.present
        await world.push(person, friday, sentence=sentence)
        for agency in (TRUST, PROBATION):
            await world.sees(agency, person, friday)
        section = (await world.view(TRUST, person))["release"]
        assert section["change"]["direction"] == "earlier"
        content = section["content"]
        assert {"friday-release", "short-notice"} <= set(content["flags"])
        assert (content["notice_working_days"], content["advised_date"]) == (
            2,
            (friday - timedelta(days=1)).isoformat(),
        )

        async def moved() -> bool:
            after = await world.desk(TRUST).get(f"/referrals/{referral}")
            return "due-moved" in after["alerts"] and after["due_at"] < before["due_at"]

        await eventually(moved, within=30)
        after = await world.desk(TRUST).get(f"/referrals/{referral}")
        due_at = datetime.fromisoformat(after["due_at"])
        assert began <= due_at - LEAST <= stage.present, "four hours from when the trust was shown the date"
        told = await sees(world, NORTHGATE, referral, state="received")
        assert told["due_at"] < before["due_at"]

        async def announced() -> bool:
            items = await world.feed_about(TRUST, person, "referral")
            return items[-1]["type"] == "referral.release-date-moved" and "due-moved" in items[-1]["content"]["alerts"]

        await eventually(announced, within=30)
        await act(world, TRUST, referral, "acceptance", {"appointment_at": f"{friday.isoformat()}T09:00:00Z"})
        await sees(world, NORTHGATE, referral, state="accepted", appointment_at=...)


async def test_a_trust_that_never_answers_is_overdue_once_and_both_ends_are_told(stage: Stage) -> None:
    """Due after four hours, in which the service is down; noticed when it is back."""
    async with stage.world() as world:
        person = await world.person()
        await agree(world, person, TRUST)
        referral = await refer(world, person, TRUST, urgency="emergency")
        for agency in (TRUST, NORTHGATE):
            found = await sees(world, agency, referral, state="received")
            assert (found["overdue"], found.get("alerts", [])) == (False, [])
    stage.let_pass(timedelta(hours=4))
    async with stage.world() as world:
        for agency, direction in ((TRUST, "received"), (NORTHGATE, "sent")):
            await sees(world, agency, referral, state="received", overdue=True, alerts=["overdue"])
            listed = await world.desk(agency).get("/referrals", direction=direction, overdue="true")
            assert referral in [each["referral_id"] for each in listed["items"]]
            await eventually(partial(times_told, world, agency, referral), within=30)
        await settled(world.stack)
        assert [await times_told(world, agency, referral) for agency in (TRUST, NORTHGATE)] == [1, 1]
        await act(world, TRUST, referral, "acceptance")
        after = await sees(world, NORTHGATE, referral, state="accepted")
        assert after["overdue"] is False


async def times_told(world: World, agency: str, referral: str) -> int:
    """How many items of the agency's feed say that this is overdue."""
    items, _ = await world.desk(agency).feed()
    overdue = [item for item in items if item["type"] == "referral.overdue"]
    return sum(item["content"]["referral_id"] == referral for item in overdue)
