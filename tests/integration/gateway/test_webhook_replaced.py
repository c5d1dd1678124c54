"""An endpoint that is replaced or taken back while an attempt is made: what it was to have goes to the new one."""

import asyncio
from functools import partial

import pytest

from gateway.calling import Called, Outward, Place
from tests.integration.gateway.delivering import delivering, delivery, registered
from tests.integration.gateway.world import POLICE
from tests.support.eventually import eventually
from tests.support.pipe import Pipe
from tests.support.receiver import Receiver, receiving

soon = partial(eventually, within=60)


class LookUp:
    """The look-up of an endpoint's name, which lasts until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()
        look_up = Outward.look_up

        async def held(outward: Outward, url: str) -> Place | Called:
            self.begun.set()
            await self.goes_on.wait()
            return await look_up(outward, url)

        monkeypatch.setattr(Outward, "look_up", held)


async def _to_be_called(pipe: Pipe, receiver: Receiver) -> str:
    await registered(pipe, POLICE, receiver)
    return str((await pipe.call(*POLICE, "POST", "/webhook/test")).json()["message_id"])


async def test_one_that_was_replaced_while_its_name_was_looked_up_is_not_called(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = LookUp(monkeypatch)
    async with receiving() as old, receiving() as new:
        message_id = await _to_be_called(pipe, old)
        async with delivering(pipe):
            await look_up.begun.wait()
            await registered(pipe, POLICE, new)
            look_up.goes_on.set()
            await soon(lambda: delivery(pipe, POLICE, message_id, state="delivered"))
        assert (old.ids, new.ids) == (set(), {message_id})
        await pipe.call(*POLICE, "DELETE", "/webhook")


async def test_one_that_was_taken_back_while_its_name_was_looked_up_is_not_called(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = LookUp(monkeypatch)
    async with receiving() as old:
        await _to_be_called(pipe, old)
        async with delivering(pipe):
            await look_up.begun.wait()
            assert (await pipe.call(*POLICE, "DELETE", "/webhook")).status_code == 204
            look_up.goes_on.set()
        assert old.calls == []


async def test_what_the_old_one_takes_in_after_that_is_sent_to_the_new_one(pipe: Pipe) -> None:
    async with receiving() as old, receiving() as new:
        old.late_s = 1.0
        message_id = await _to_be_called(pipe, old)
        async with delivering(pipe, delivery_timeout_s=30):
            await soon(lambda: message_id in old.ids)
            await registered(pipe, POLICE, new)
            await soon(lambda: message_id in new.ids)
            await soon(lambda: delivery(pipe, POLICE, message_id, state="delivered"))
        await pipe.call(*POLICE, "DELETE", "/webhook")
