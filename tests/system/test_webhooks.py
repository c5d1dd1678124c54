"""Endpoints of agencies over a running stack: nobody waits for somebody else's, and no death of a process loses one."""

import json
import os
import signal
from datetime import date
from functools import partial
from typing import Any

import pytest

from contracts.codes import ReferralAction
from gateway.fhir.answers import answer_of
from gateway.fhir.message import message_of
from tests.support.eventually import eventually
from tests.support.nhs import nhs_number
from tests.support.published import published
from tests.support.receiver import Receiver, receiving
from tests.system.referring import act, sees
from tests.system.world import POLICE, PRISON_HEALTH, PROBATION, TRUST, Person, World

pytestmark = pytest.mark.kafka
soon = partial(eventually, within=90)


async def registered(world: World, agency: str, receiver: Receiver, path: str = "/webhook") -> str:
    return str((await world.desk(agency).put(path, {"url": receiver.url}))["secret"])


async def announced(world: World, receiver: Receiver, person: Person, count: int) -> list[dict[str, Any]]:
    """The dates that probation was shown, once so many are there and each was announced."""

    async def told() -> list[dict[str, Any]]:
        items = await world.feed_about(PROBATION, person)
        assert len(items) >= count
        assert {each["item_id"] for each in items} <= receiver.ids
        return items

    items: list[dict[str, Any]] = await soon(told)
    return items


async def test_a_webhook_that_answers_nobody_delays_neither_another_agencys_feed_nor_its_webhook(world: World) -> None:
    async with receiving() as dead, receiving() as alive:
        dead.holds = True
        await registered(world, POLICE, dead)
        secret = await registered(world, PROBATION, alive)
        for _ in range(5):
            await world.desk(POLICE).call("POST", "/webhook/test", {})
        await soon(lambda: dead.calls)
        person = await world.person()
        await world.supervise(person)
        for day in (1, 2, 3):
            await world.push(person, date(2031, 3, day))
            await world.sees(PROBATION, person, date(2031, 3, day))
        items = await announced(world, alive, person, 1)
        told = next(each.verified(secret) for each in alive.calls if each.id == items[-1]["item_id"])
        assert (told["cursor"], told["category"]) == (items[-1]["cursor"], "release-date")
        waiting = await world.desk(POLICE).get("/webhook/deliveries", limit=500)
        assert {each["state"] for each in waiting["items"]} == {"pending"}
        for agency in (POLICE, PROBATION):
            await world.desk(agency).call("DELETE", "/webhook")


async def test_a_deliverer_that_is_killed_announces_each_item_at_least_once_under_the_same_id(world: World) -> None:
    async with receiving() as receiver:
        receiver.holds = True
        await registered(world, PROBATION, receiver)
        person = await world.person()
        await world.supervise(person)
        await world.push(person, date(2031, 3, 1))
        await world.sees(PROBATION, person, date(2031, 3, 1))
        (first,) = await world.feed_about(PROBATION, person)
        await soon(lambda: first["item_id"] in receiver.ids)
        under_way = receiver.ids
        kill(world, "deliverer")
        for day in (2, 3, 4):
            await world.push(person, date(2031, 3, day))
            await world.sees(PROBATION, person, date(2031, 3, day))
        receiver.holds = False
        receiver.calls.clear()
        await announced(world, receiver, person, 4)
        await soon(lambda: under_way <= receiver.ids)

        async def all_ended() -> bool:
            found = await world.desk(PROBATION).get("/webhook/deliveries", limit=500)
            return all(each["state"] == "delivered" for each in found["items"])

        await soon(all_ended)
        feed, _ = await world.desk(PROBATION).feed()
        assert receiver.ids <= {each["item_id"] for each in feed}, "no id but those of items"
        await world.desk(PROBATION).call("DELETE", "/webhook")


def kill(world: World, process: str) -> None:
    world.stack.process.news()
    os.kill(world.stack.process.pid(process), signal.SIGKILL)


async def test_a_receivers_answer_arrives_at_the_senders_endpoint_as_a_message(world: World) -> None:
    number = nhs_number()
    bundle = json.loads(published("nhs-bars/servicerequest-request.json").read_text())
    resources = {each["resource"]["resourceType"]: each["resource"] for each in bundle["entry"]}
    bundle["id"] = resources["MessageHeader"]["id"] = f"sent-{number}"
    resources["ServiceRequest"]["id"] = f"asked-{number}"
    resources["Patient"]["identifier"][0]["value"] = number
    resources["MessageHeader"]["destination"][0]["endpoint"] = f"urn:throughgate:agency|{TRUST}"
    async with receiving() as receiver:
        secret = await registered(world, PRISON_HEALTH, receiver, "/webhook/fhir")
        answer = await world.http.request(
            "POST",
            "/mental-health/fhir/$process-message",
            token=await world.desk(PRISON_HEALTH).token(),
            content=json.dumps(bundle).encode(),
            headers={"content-type": "application/fhir+json"},
        )
        assert answer.status == 200, answer.body
        made = {each["resource"]["resourceType"]: each["resource"] for each in answer.json()["entry"]}
        referral = made["ServiceRequest"]["id"]
        await sees(world, TRUST, referral, state="received", reason=...)
        await act(world, TRUST, referral, "acceptance", {"appointment_at": "2031-03-10T09:30:00Z"})
        await sees(world, PRISON_HEALTH, referral, state="accepted", appointment_at=...)
        await soon(lambda: receiver.calls)
        call = receiver.calls[0]
        call.verified(secret)
        message = message_of(call.body)
        assert message.header["response"] == {"identifier": bundle["id"], "code": "ok"}
        assert referral in message.referral_ids()
        assert answer_of(message) == (ReferralAction.ACCEPTANCE, {"appointment_at": "2031-03-10T09:30:00Z"})
        await world.desk(PRISON_HEALTH).call("DELETE", "/webhook/fhir")
