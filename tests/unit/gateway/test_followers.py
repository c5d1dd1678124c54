"""An agency follows its feed with so many requests at once; what it leaves open is nothing to another."""

from contextlib import ExitStack

import pytest

from chassis.db import Database
from gateway.wake import FOLLOWERS, TooManyFollowers, Wakes

PROBATION, POLICE = "probation-north", "police-north"


@pytest.fixture
def wakes() -> Wakes:
    return Wakes(Database("postgresql://nobody@127.0.0.1:1/nowhere"))


def test_one_too_many_is_refused_until_another_ends(wakes: Wakes) -> None:
    with ExitStack() as others:
        with wakes.following(POLICE):
            for _ in range(FOLLOWERS - 1):
                others.enter_context(wakes.following(POLICE))
            with pytest.raises(TooManyFollowers), wakes.following(POLICE):
                pass
        with wakes.following(POLICE):
            pass


def test_each_agency_has_its_own(wakes: Wakes) -> None:
    with ExitStack() as others:
        for _ in range(FOLLOWERS):
            others.enter_context(wakes.following(POLICE))
        with wakes.following(PROBATION):
            pass


def test_one_that_breaks_off_counts_no_longer(wakes: Wakes) -> None:
    for _ in range(2 * FOLLOWERS):
        with pytest.raises(ConnectionError), wakes.following(POLICE):
            raise ConnectionError
