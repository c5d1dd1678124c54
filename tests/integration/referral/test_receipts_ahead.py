"""Consent has heard of a merge that referral has not: receipts come under the kept number, of what is the other's."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from contracts.caseload import PersonUnmergedV1
from contracts.codes import Category, ReferralAction, Scope, WithdrawalCode
from contracts.screening import ScreeningAnswer
from referral.operations import act, screening
from referral.operations.merges import unmerge
from referral.queries.persons import lock_person, lock_with_subjects
from tests.integration.referral.conftest import KINDS, PRISON, PROBATION, TRUST, World
from tests.integration.referral.test_screening import answer, ask, asked, decide, view
from tests.support.eventually import eventually
from tests.support.locks import waits_for_a_lock


@asynccontextmanager
async def before(world: World, receipt: Coroutine[Any, Any, None]) -> AsyncIterator[AsyncSession]:
    """A command's transaction, which commits when the receipt waits for it."""
    async with world.database.transaction() as session:
        yield session
        heard = asyncio.create_task(receipt)
        await eventually(lambda: waits_for_a_lock(world.database))
    await heard


def said_by(world: World, agency: str) -> dict[str, Any]:
    actor = Actor(agency, KINDS[agency], frozenset(Scope))
    return {"ensure": lambda _version: None, "actor": actor, "now": world.now}


async def newest(world: World, category: Category) -> dict[str, Any]:
    return (await world.offers(category))[-1]


async def test_an_acceptance_is_not_lost_to_a_receipt_under_another_number(world: World) -> None:
    referral_id = await world.received()
    offer = await newest(world, Category.REFERRAL)
    yes: dict[str, Any] = {"team": None, "appointment_at": None, "interim_support": None}
    async with before(world, world.receipt(offer, (), (TRUST,), person=new_id())) as session:
        accepted = await act.accept(session, referral_id=referral_id, **yes, **said_by(world, TRUST))
        answered = accepted.receiver.version
    hidden = await world.view(referral_id, TRUST)
    assert (hidden["state"], hidden["version"]) == ("consent-withdrawn", answered + 1)
    await world.receipt(offer, (TRUST,), (), person=new_id())
    assert (await world.view(referral_id, TRUST))["state"] == "accepted"


async def test_a_withdrawal_is_not_lost_to_the_answer_s_receipt_under_another_number(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "acceptance", {})
    status = await newest(world, Category.REFERRAL_STATUS)
    why: dict[str, Any] = {"action": ReferralAction.WITHDRAWAL, "code": WithdrawalCode.MISTAKE}
    async with before(world, world.receipt(status, (PRISON,), (), person=new_id())) as session:
        await act.take_back(session, referral_id=referral_id, **why, **said_by(world, PRISON))
    assert (await world.view(referral_id, PRISON))["state"] == "withdrawn"


async def test_an_answer_to_a_screening_request_is_not_lost_to_a_receipt_under_another_number(world: World) -> None:
    screening_id = await asked(world)
    offer = await newest(world, Category.REFERRAL)
    yes = ScreeningAnswer.YES
    async with before(world, world.receipt(offer, (), (TRUST,), person=new_id())) as session:
        await screening.answer(session, screening_id=screening_id, answer=yes, **said_by(world, TRUST))
    assert (await view(world, screening_id, TRUST))["state"] == "answered"


async def test_whose_a_subject_is_is_looked_at_again_once_its_person_is_locked(world: World) -> None:
    kept, removed = new_id(), new_id()
    referral_id = await world.received(removed)
    await world.merged(kept, removed)

    async def parted_is_locked() -> bool:
        async with world.database.transaction() as session:
            await lock_with_subjects(session, [kept], [referral_id])
            held = "SELECT person_id FROM person WHERE person_id = :id FOR UPDATE SKIP LOCKED"
            return not await world.rows(held, id=removed)

    async with world.database.transaction() as session:
        await lock_person(session, kept)
        waiting = asyncio.create_task(parted_is_locked())
        await eventually(lambda: waits_for_a_lock(world.database))
        undone = PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=world.now)
        await unmerge(session, undone, now=world.now)
    assert await waiting


async def test_what_the_log_said_later_holds_whichever_number_s_stream_brings_it_first(world: World) -> None:
    referral_id = (await world.write(new_id())).json()["referral_id"]
    offer = await newest(world, Category.REFERRAL)
    await world.receipt(offer, (), (TRUST,), person=new_id(), index=9)
    await world.receipt(offer, (TRUST,), (), index=5)
    assert (await world.view(referral_id, PRISON))["state"] == "awaiting-consent"
    await world.receipt(offer, (TRUST,), (), person=new_id(), index=12)
    assert (await world.view(referral_id, TRUST))["state"] == "received"


async def test_of_a_screening_request_what_the_log_said_later_holds_too(world: World) -> None:
    screening_id = (await ask(world)).json()["screening_id"]
    offer = await newest(world, Category.REFERRAL)
    await world.receipt(offer, (), (TRUST,), person=new_id(), index=9)
    await world.receipt(offer, (TRUST,), (), index=5)
    assert (await view(world, screening_id, PROBATION))["state"] == "awaiting-consent"
    world.log_size = 9
    await decide(world, Category.REFERRAL, screening_id)
    assert (await answer(world, screening_id)).status_code == 200
    told = await newest(world, Category.KNOWN_TO_SERVICE)
    await decide(world, Category.KNOWN_TO_SERVICE, screening_id)
    await world.receipt(told, (), (PROBATION,), person=new_id(), index=20)
    await world.receipt(told, (PROBATION,), (), index=15)
    assert (await view(world, screening_id, PROBATION))["state"] == "awaiting-consent"
