"""Withdrawals against deciders on a real database: nothing is decided permitted after a withdrawal was answered."""

import asyncio
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.auth import Actor
from chassis.ids import new_id
from consent import handlers
from consent.operations.consents import record_consent, withdraw
from consent.operations.persons import take
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.codes import AgencyKind, Scope
from contracts.http.consent import ConsentBody, WithdrawalBody
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer, received
from tests.support.eventually import eventually
from tests.support.locks import waits_for_a_lock

CHARITY = "charity-newstart"
PROBATION = Actor("probation-north", AgencyKind.PROBATION, frozenset(Scope))
ROUNDS = 12
PEOPLE = 4


async def test_no_permit_is_decided_after_a_withdrawal_was_acknowledged(service: ConsentService) -> None:
    people = [new_id() for _ in range(PEOPLE)]
    for person in people:
        await service.feed(
            service.involvement(person, "probation-north"), service.involvement(person, CHARITY, "claimed")
        )
    acknowledged: dict[str, int] = {}

    async def decide(person: str) -> None:
        for version in range(1, ROUNDS + 1):
            await service.feed(offer(person, version=version))
            await asyncio.sleep(0)

    async def withdraw_in_between(person: str, after: int) -> None:
        body = ConsentBody.model_validate(consent_body(CHARITY))
        for _ in range(3):
            async with service.database.transaction() as session:
                await record_consent(session, person_id=person, body=body, actor=PROBATION, now=clock.now())
            for _ in range(after):
                await asyncio.sleep(0.002)
            async with service.database.transaction() as session:
                await withdraw(session, person_id=person, body=WithdrawalBody(), actor=PROBATION, now=clock.now())
            acknowledged[person] = len(await _log(service, person))

    async with asyncio.TaskGroup() as group:
        for index, person in enumerate(people):
            group.create_task(decide(person))
            group.create_task(withdraw_in_between(person, index * 3))

    for person in people:
        standing = False
        for name, permitted in await _log(service, person):
            if name == "consent.recorded.v1":
                standing = True
            elif name == "consent.withdrawn.v1":
                standing = False
            elif permitted:
                assert standing, "a permit stands after a withdrawal in the log"
        tail = (await _log(service, person))[acknowledged[person] :]
        assert not any(permitted for _, permitted in tail)
    assert await service.visible(CHARITY) == set()


async def _taken(service: ConsentService, number: str) -> str:
    """The person that a number leads to, once their row is locked."""
    async with service.database.transaction() as session:
        return (await take(session, [number], now=clock.now())).by_number[number].id


async def test_who_waits_for_a_merged_person_holds_no_number_of_theirs_meanwhile(service: ConsentService) -> None:
    kept, removed = "b-kept", "a-removed"
    both: dict[str, Any] = {"merge_id": "merge-1", "kept_id": kept, "removed_id": removed, "at": clock.now()}
    await service.feed(PersonMergedV1(**both))
    async with service.database.transaction() as session:
        lock = "SELECT id FROM person WHERE id = :id FOR UPDATE NOWAIT"
        await session.execute(text(lock), {"id": kept})
        waiting = asyncio.create_task(_taken(service, removed))
        await eventually(lambda: waits_for_a_lock(service.database))
        await session.execute(text(lock), {"id": removed})
    assert await waiting == kept


async def test_who_waited_while_a_merge_was_undone_gets_the_number_as_it_is_now(service: ConsentService) -> None:
    kept, removed = new_id(), new_id()
    both: dict[str, Any] = {"merge_id": "merge-1", "kept_id": kept, "removed_id": removed, "at": clock.now()}
    await service.feed(PersonMergedV1(**both))
    async with service.database.transaction() as session:
        await take(session, [kept], now=clock.now())
        waiting = asyncio.create_task(_taken(service, removed))
        await eventually(lambda: waits_for_a_lock(service.database))
        await handlers.apply(session, [received(PersonUnmergedV1(**both))])
    assert await waiting == removed


async def _log(service: ConsentService, person: str) -> list[tuple[str, bool]]:
    """The person's entries in order: type, and whether it permits the charity something."""
    events = await service.events("consent.recorded.v1", "consent.withdrawn.v1", "offer.decided.v1")
    return [
        (event["_type"], any(map(_permits_charity, event.get("decisions", []))))
        for event in events
        if event["person_id"] == person
    ]


def _permits_charity(decision: dict[str, str]) -> bool:
    return decision["recipient"] == CHARITY and decision["verdict"] == "permitted"
