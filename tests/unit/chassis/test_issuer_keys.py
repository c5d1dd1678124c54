"""The issuer's keys are asked for seldom: neither invented key ids nor an issuer that hangs hold anybody for long."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.tokens import FRUITLESS_SECONDS, IssuerUnavailable, Keys, TokenRefused
from tests.support.tokens import TokenMaker


@pytest.fixture
def issuer() -> TokenMaker:
    return TokenMaker()


@dataclass
class Hanging:
    """An issuer that takes requests and answers none until `ends` is set, as a clock of its own passes."""

    asked: int = 0
    passed: float = 0.0
    ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self) -> Any:
        self.asked += 1
        await self.ends.wait()
        raise ValueError

    def keys(self) -> Keys:
        return Keys(self.fetch, monotonic=lambda: self.passed)


async def test_invented_key_ids_do_not_make_the_issuer_work(issuer: TokenMaker) -> None:
    keys = Keys(issuer.published)
    for number in range(20):
        with pytest.raises(TokenRefused):
            await keys.get(f"invented-{number}")
    assert issuer.fetches == 1


async def test_known_keys_outlast_an_issuer_that_is_gone(issuer: TokenMaker) -> None:
    passed = 0.0
    is_gone = False

    async def fetch() -> Any:
        if is_gone:
            raise ValueError
        return await issuer.published()

    keys = Keys(fetch, monotonic=lambda: passed)
    kid = str(issuer.key.kid)
    await keys.get(kid)
    is_gone, passed = True, 10_000.0
    assert (await keys.get(kid)).kid == kid


async def test_known_keys_wait_for_nobody_while_the_issuer_hangs(issuer: TokenMaker) -> None:
    passed, asked, hangs = 0.0, 0, asyncio.Event()

    async def fetch() -> Any:
        nonlocal asked
        asked += 1
        if asked > 1:
            await hangs.wait()
            raise ValueError
        return await issuer.published()

    keys = Keys(fetch, monotonic=lambda: passed)
    kid = str(issuer.key.kid)
    await keys.get(kid)
    passed = 10_000.0
    first = asyncio.create_task(keys.get(kid))
    await asyncio.sleep(0)
    assert [(await keys.get(kid)).kid for _ in range(20)] == [kid] * 20, "one asks, the others go on"
    hangs.set()
    assert (await first).kid == kid
    for _ in range(20):
        await keys.get(kid)
    assert asked == 2, "and nobody asks again at once"


async def test_one_asks_an_issuer_that_hangs_and_who_waited_is_told_the_same() -> None:
    hanging = Hanging()
    keys = hanging.keys()
    waiting = [asyncio.create_task(keys.get(f"invented-{number}")) for number in range(20)]
    await asyncio.sleep(0)
    hanging.ends.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {IssuerUnavailable}
    assert hanging.asked == 1


async def test_an_issuer_that_did_not_answer_is_asked_again_after_a_pause_and_by_one() -> None:
    hanging = Hanging()
    hanging.ends.set()
    keys = hanging.keys()
    for _ in range(20):
        with pytest.raises(IssuerUnavailable):
            await keys.get("k")
    assert hanging.asked == 1
    hanging.ends.clear()
    hanging.passed += FRUITLESS_SECONDS
    one = asyncio.create_task(keys.get("k"))
    await asyncio.sleep(0)
    for _ in range(20):
        with pytest.raises(IssuerUnavailable):
            await asyncio.wait_for(keys.get("k"), 1)
    hanging.ends.set()
    with pytest.raises(IssuerUnavailable):
        await one
    assert hanging.asked == 2


async def test_an_issuer_that_is_back_is_believed_after_the_pause(issuer: TokenMaker) -> None:
    passed, is_gone = 0.0, True

    async def fetch() -> Any:
        if is_gone:
            raise ValueError
        return await issuer.published()

    keys = Keys(fetch, monotonic=lambda: passed)
    kid = str(issuer.key.kid)
    with pytest.raises(IssuerUnavailable):
        await keys.get(kid)
    is_gone, passed = False, FRUITLESS_SECONDS
    assert (await keys.get(kid)).kid == kid
