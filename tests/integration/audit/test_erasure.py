"""Erasing a person: nothing says any more whose the entries are, and every signature, proof and count is as before."""

import json
from collections.abc import Sequence
from typing import Any

import httpx2
import psycopg
from sqlalchemy import text

from audit.handlers import appending
from audit.main import create
from audit.operations.replay import replay_share_log
from audit.signing import Signer
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Settings
from contracts.access import AccessRecordedV1
from contracts.caseload import PersonMergedV1
from contracts.codes import Category, InvolvementState
from contracts.consent import EmergencyRequestedV1, InvolvementNotedV1
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.log_leaf import ShareLeaf, read_leaf
from contracts.log_proof import detail_holds
from tests.support.erasures import erasure_recorded, person_erased
from tests.support.http import client
from tests.support.log_events import AT, decided, permitted, received, refused
from tests.support.postgres import TestDatabase
from tests.support.tokens import TOKENS
from tests.support.traces import traces
from throughgate.verifying import verify_log

WORDS = ("Quillonby", "Vetchling", "Oxlipped")
BY_ITSELF = ("outbox",)
"""Gone after 7 days (chassis.relay)."""


def asking(database: Database, signing: Signer) -> Any:
    app = create(Settings(service="audit"), database, signing, verifier=TOKENS.verifier())
    return client(app, headers=TOKENS.headers("auditor-north", "auditor", member="a.auditor"))


async def take(database: Database, signing: Signer, *events: EventData) -> None:
    async with database.transaction() as session:
        await appending(signing)(session, received(events))


async def messages(database: Database) -> list[LogAppendedV1]:
    async with database.session() as session:
        rows = await session.scalars(text("SELECT body FROM outbox WHERE topic = 'share-log' ORDER BY id"))
        return [LogAppendedV1.model_validate_json(bytes(body)) for body in rows]


async def log_of(database: Database) -> Sequence[Any]:
    async with database.session() as session:
        entries = await session.execute(text("SELECT log_index, leaf, leaf_hash FROM log_entry ORDER BY log_index"))
        return [tuple(row) for row in entries]


def life(person: str, subject: str) -> list[EventData]:
    """What the log hears of a person: shares, a claim, an emergency, a look."""
    content = {"name": {"family": "Quillonby"}}
    share = permitted(content=content, consent_id=None, requested_by="m.okafor", justification="Vetchling was found.")
    involved = InvolvementNotedV1(
        person_id=person,
        involvement_id=new_id(),
        agency="police-north",
        state=InvolvementState.CLAIMED,
        roles=("iom-team",),
        via="claim",
        since=AT,
        at=AT,
    )
    emergency = EmergencyRequestedV1(
        person_id=person,
        request_id=new_id(),
        agency="police-north",
        category=Category.RISK_MARKERS,
        source=None,
        justification="Oxlipped",
        member="m.okafor",
        expires_at=AT,
        review_due_at=AT,
        at=AT,
    )
    look = AccessRecordedV1(
        access_id=new_id(), agency="police-north", member=None, route="/people/{person}", person_id=person, at=AT
    )
    return [decided(share, refused(), person_id=person, subject_ref=subject), involved, emergency, look]


def merge(kept: str, removed: str) -> PersonMergedV1:
    return PersonMergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=AT)


async def test_a_merge_of_the_same_batch_links_nobody_who_is_erased(database: Database, signing: Signer) -> None:
    """It comes by another topic, so it may come behind the erasure."""
    kept, removed = new_id(), new_id()
    await take(database, signing, erasure_recorded(kept, removed, at=AT), merge(kept, removed))
    found = traces(database.url, [kept, removed], but=("outbox_stream",))
    assert set(found) - set(BY_ITSELF) == {"erased_person", "log_detail"}


async def test_nothing_says_any_more_whose_the_entries_are(
    database: Database, audit_database: TestDatabase, signing: Signer
) -> None:
    one, merged, subject = new_id(), new_id(), new_id()
    await take(database, signing, *life(one, subject), *life(merged, new_id()))
    before = await log_of(database)
    assert {word for found in traces(database.url, WORDS).values() for word in found} == set(WORDS)
    await take(database, signing, erasure_recorded(one, merged, at=AT, subjects=(subject,)))
    assert traces(database.url, WORDS, but=BY_ITSELF) == {}
    found = traces(database.url, [one, merged, subject], but=("outbox_stream",))
    assert set(found) - set(BY_ITSELF) == {"erased_person", "log_detail"}
    after = await log_of(database)
    assert after[: len(before)] == before
    (_, leaf, _) = after[-1]
    said = json.loads(leaf)
    assert (said["kind"], said["facts"], said["agency"]) == ("erasure", {"reason": "retention-ended"}, "operator")
    assert "person" not in said, "a tag would tell whose the other entries are"
    with psycopg.connect(audit_database.owner_url) as connection:
        verified = verify_log(connection, signing.verifier)
    assert (verified.findings, verified.entries) == ((), len(after))


async def test_the_detail_names_whom_to_forget_and_is_bound_by_the_signature(
    database: Database, signing: Signer
) -> None:
    person, subject = new_id(), new_id()
    await take(database, signing, *life(person, subject))
    await take(database, signing, erasure_recorded(person, at=AT, subjects=(subject,)))
    entry = (await messages(database))[-1].entries[-1]
    assert entry.detail is not None
    assert entry.salt is not None
    assert (entry.detail["person_ids"], entry.detail["subjects"]) == ([person], [subject])
    assert detail_holds(read_leaf(entry.leaf).content_digest, entry.salt, entry.detail)
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM outbox"))
    async with database.transaction() as session:
        await replay_share_log(session, now=AT)
    first, again = await messages(database)
    assert [each.detail for each in first.entries] == [None] * len(first.entries)
    assert again.entries[-1].detail == entry.detail


async def test_what_comes_late_is_appended_as_nobodys(database: Database, signing: Signer) -> None:
    person, subject = new_id(), new_id()
    await take(database, signing, *life(person, subject))
    await take(database, signing, erasure_recorded(person, at=AT, subjects=(subject,)))
    size = len(await log_of(database))
    await take(database, signing, *life(person, new_id()), person_erased(person, at=AT))
    leaves = [read_leaf(leaf) for _, leaf, _ in await log_of(database)]
    assert len(leaves) == size + 5
    shares = [leaf for leaf in leaves if isinstance(leaf, ShareLeaf)]
    assert shares[0].person == shares[1].person != shares[2].person
    assert traces(database.url, WORDS, but=BY_ITSELF) == {}
    assert not any(entry.detail for entry in (await messages(database))[-1].entries)
    assert traces(database.url, [f"person:{person}"]) == {}


async def test_the_auditor_finds_nobody_and_sees_that_somebody_was_erased(database: Database, signing: Signer) -> None:
    person, other, subject = new_id(), new_id(), new_id()
    await take(database, signing, *life(person, subject), *life(other, new_id()))
    async with asking(database, signing) as auditor:

        async def about(whom: str) -> list[dict[str, Any]]:
            answer: httpx2.Response = await auditor.get(f"/v1/people/{whom}/disclosures")
            assert answer.status_code == 200, answer.text
            items: list[dict[str, Any]] = answer.json()["items"]
            return items

        both = await about(person), await about(other)
        assert all(both)
        await take(database, signing, erasure_recorded(person, at=AT, subjects=(subject,)))
        assert await about(person) == []
        assert await about(other) == both[1]
        entries = (await auditor.get("/v1/entries", params={"kind": "erasure"})).json()["items"]
        assert [(each["person_id"], each["facts"]) for each in entries] == [(None, {"reason": "retention-ended"})]
        every = (await auditor.get("/v1/shares")).json()["items"]
        assert {each["person_id"] for each in every} == {None, other}
        assert {each["person_id"] for each in (await auditor.get("/v1/claims")).json()["items"]} == {other}
    assert traces(database.url, [f"person:{person}"]) == {}
