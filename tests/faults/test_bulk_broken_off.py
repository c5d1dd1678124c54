"""A bulk request whose answer breaks off in the middle, and is sent again under its key: what was answered stays so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from tests.faults.checks import everything_holds
from tests.faults.conftest import Scene, told_with_its_state, while_living
from tests.faults.traffic import Life
from tests.support.eventually import eventually
from tests.support.settled import owner_urls

_HOLD = "SELECT FROM person WHERE person_id = %s FOR UPDATE"


@asynccontextmanager
async def _held(scene: Scene, life: Life) -> AsyncIterator[None]:
    """Nothing of this person goes on in release-notify while the block runs."""
    url = owner_urls(scene.world.stack)["release_notify"]
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(_HOLD, (life.person.id,))
        yield


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_was_answered_before_the_gateway_died_is_answered_so_again(scene: Scene) -> None:
    """The first date's chunk is answered and the second's is held up when the gateway dies."""
    traffic, answers = scene.traffic, scene.world.answers

    async def half_answered() -> None:
        await eventually(lambda: answers.applied > applied, within=60)

    async with told_with_its_state(scene):
        lives = [await traffic.live(withdraws=withdraws, is_taken_on=withdraws) for withdraws in (True, False)]
        applied, broken_off = answers.applied, answers.broken_off
        async with _held(scene, lives[1]):
            pushing = asyncio.create_task(
                traffic.in_bulk([(life, scene.today + timedelta(days=200 + place)) for place, life in enumerate(lives)])
            )
            await while_living(pushing, half_answered())
            await scene.processes.kill("gateway")
        await pushing
        counted = await everything_holds(scene.world, lives, scene.pollers)
    assert answers.broken_off > broken_off, "the answer had not begun, or did not break off"
    assert answers.applied > applied + len(lives), "what was answered was not answered again"
    print(f"\n{dict(counted)}, {dict(answers.codes)}")
