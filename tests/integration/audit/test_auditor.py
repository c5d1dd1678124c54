"""The auditor asks; the log answers, and remembers that it was asked."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import text

from chassis.ids import new_id
from contracts.access import AccessRecordedV1, Delivery, DeliveryRecordedV1
from contracts.codes import Basis, Category, InvolvementState, Purpose, Reason
from contracts.consent import AgreementPublishedV1, InvolvementNotedV1
from contracts.decisions import Decision
from contracts.log_proof import leaf_hash
from tests.integration.audit.conftest import Log
from tests.support.http import problem
from tests.support.log_events import AT, POLICY, decided, permitted, refused
from tests.support.tokens import TOKENS


async def ids(asking: httpx2.AsyncClient, path: str, **params: str) -> list[str]:
    answer = await asking.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [item["share_id"] for item in answer.json()["items"]]


def shares(*decisions: Decision) -> list[str]:
    return [decision.share_id for decision in decisions]


async def test_every_filter_of_shares_finds_its_own(auditor: httpx2.AsyncClient, log: Log) -> None:
    one = permitted(requested_by="b.officer", purpose=Purpose.PUBLIC_PROTECTION, clause="5.1")
    two = refused(reason=Reason.OBJECTION)
    three = permitted("charity-newstart", basis=Basis.CONSENT, consent_id=new_id(), clause="3.1")
    late = permitted("yot-northtown", decided_at=AT + timedelta(days=3))
    first = decided(one, two)
    second = decided(three, late, source="hmp-southmoor", category=Category.ACCOMMODATION)
    await log.take(first, second)

    async def found(**params: str) -> list[str]:
        return await ids(auditor, "/v1/shares", **params)

    assert await found() == shares(one, two, three, late)
    assert await found(person_id=first.person_id) == shares(one, two)
    assert await found(person_id=new_id()) == []
    assert await found(source="hmp-southmoor") == shares(three, late)
    assert await found(recipient="charity-newstart") == shares(two, three)
    assert await found(category="accommodation") == shares(three, late)
    assert await found(purpose="public-protection") == shares(one)
    assert await found(basis="consent") == shares(three)
    assert await found(decision="refused") == shares(two)
    assert await found(clause="3.1") == shares(three)
    assert await found(reason="objection") == shares(two)
    assert await found(member="b.officer") == shares(one)
    assert await found(subject_ref=second.subject_ref) == shares(three, late)
    assert await found(subject_ref=second.subject_ref, recipient="yot-northtown") == shares(late)
    assert await found(decided_from=(AT + timedelta(days=1)).isoformat()) == shares(late)
    assert await found(decided_to=(AT + timedelta(days=1)).isoformat()) == shares(one, two, three)


async def test_pages_follow_the_log_and_each_is_whole(auditor: httpx2.AsyncClient, log: Log) -> None:
    decisions = [permitted() for _ in range(7)]
    await log.take(decided(*decisions))
    seen: list[str] = []
    params = {"limit": "3", "recipient": "police-north"}
    while True:
        answer = (await auditor.get("/v1/shares", params=params)).json()
        seen += [item["share_id"] for item in answer["items"]]
        if answer["next"] is None:
            break
        params["cursor"] = answer["next"]
    assert seen == shares(*decisions)


async def test_one_share_comes_with_its_exact_leaf_its_delivery_and_plain_words(
    auditor: httpx2.AsyncClient, log: Log
) -> None:
    decision, no = permitted(), refused()
    offer = decided(decision, no)
    await log.take(offer)
    for delivered, acknowledged in ((AT, None), (AT + timedelta(hours=1), AT + timedelta(hours=2))):
        delivery = Delivery(share_id=decision.share_id, delivered_at=delivered, acknowledged_at=acknowledged)
        await log.take(DeliveryRecordedV1(agency="police-north", deliveries=(delivery,), at=AT))

    answer = (await auditor.get(f"/v1/shares/{decision.share_id}")).json()
    assert leaf_hash(base64.b64decode(answer["leaf"])) == answer["leaf_hash"]
    assert answer["person_id"] == offer.person_id
    assert (answer["delivered_at"], answer["acknowledged_at"]) == ("2026-11-02T10:14:00Z", "2026-11-02T12:14:00Z")
    assert "2026-12-04" not in str(answer)
    sentences = (await auditor.get(f"/v1/shares/{no.share_id}/explanation")).json()["sentences"]
    assert "was refused because the person had not been asked, or had not answered" in sentences[0]
    assert any("consent.state had to be in-force and was none" in sentence for sentence in sentences)
    problem(await auditor.get(f"/v1/shares/{new_id()}"), 404, "share-unknown")
    assert (await log.kinds()).count("read") == 3, "one acknowledgement, two answers; an answer 404 read nothing"


async def test_after_erasure_nobody_finds_the_person_and_the_share_still_stands(
    auditor: httpx2.AsyncClient, log: Log
) -> None:
    decision = permitted()
    offer = decided(decision)
    await log.take(offer)
    async with log.database.transaction() as session:
        await session.execute(text("DELETE FROM log_detail"))
        await session.execute(text("DELETE FROM subject_key"))
    assert await ids(auditor, "/v1/shares", person_id=offer.person_id) == []
    answer = (await auditor.get(f"/v1/shares/{decision.share_id}")).json()
    assert (answer["person_id"], answer["subject_ref"], answer["recipient"]) == (None, None, "police-north")


async def test_everything_else_in_the_log_is_found_by_kind(auditor: httpx2.AsyncClient, log: Log) -> None:
    agreement = AgreementPublishedV1(
        agreement_id="north-isa",
        version="1.0.0",
        document_hash="cd" * 32,
        policy_hash=POLICY,
        policy_version=1,
        published_by="operator",
        at=AT,
    )
    await log.take(agreement, decided(permitted()))
    answer = (await auditor.get("/v1/entries", params={"kind": "agreement"})).json()
    (entry,) = answer["items"]
    assert (entry["agency"], entry["facts"]["policy_hash"]) == ("operator", POLICY)
    everything = (await auditor.get("/v1/entries")).json()["items"]
    assert [item["kind"] for item in everything] == ["agreement", "share", "read"]


async def test_a_claim_is_on_the_list_until_somebody_confirms_it(auditor: httpx2.AsyncClient, log: Log) -> None:
    def noted(state: InvolvementState) -> InvolvementNotedV1:
        return InvolvementNotedV1(
            person_id=person,
            involvement_id=involvement,
            agency="charity-newstart",
            state=state,
            roles=("through-the-gate",),
            via="claim",
            member="c.helper",
            since=AT,
            at=AT,
        )

    person, involvement = new_id(), new_id()
    await log.take(noted(InvolvementState.CLAIMED))
    (claim,) = (await auditor.get("/v1/claims")).json()["items"]
    assert (claim["involvement_id"], claim["person_id"], claim["member"]) == (involvement, person, "c.helper")
    await log.take(noted(InvolvementState.CONFIRMED))
    assert (await auditor.get("/v1/claims")).json()["items"] == []
    assert (await log.kinds()).count("claim") == 2


async def test_agencies_reads_and_the_auditors_own_are_on_the_list_of_accesses(
    auditor: httpx2.AsyncClient, log: Log
) -> None:
    person = new_id()
    read = AccessRecordedV1(
        access_id=new_id(),
        agency="police-north",
        member="d.constable",
        route="/v1/people/{person}",
        person_id=person,
        count=1,
        at=AT,
    )
    await log.take(read)
    await auditor.get("/v1/shares", params={"person_id": person, "source": "hmp-northgate"})

    async def found(**params: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await auditor.get("/v1/accesses", params=params)).json()["items"]
        return items

    by_police, by_auditor = await found(person_id=person)
    assert (by_police["agency"], by_police["member"], by_police["count"]) == ("police-north", "d.constable", 1)
    assert by_auditor["agency"] == "auditor-north"
    assert by_auditor["route"] == "GET /v1/shares"
    assert by_auditor["filters"] == ["person_id", "source=hmp-northgate"]
    assert by_auditor["member"] == "a.auditor"
    assert len(await found(agency="police-north")) == 1
    assert len(await found(member="d.constable")) == 1


async def test_counts_say_what_is_live_and_what_was_withdrawn(auditor: httpx2.AsyncClient, log: Log) -> None:
    stays, goes, closed = permitted(), permitted(), permitted("yot-northtown")
    await log.take(decided(stays, goes, closed))
    await log.take(
        decided(refused("police-north", ends=goes.share_id, effect="withdraw")),
        decided(refused("yot-northtown", ends=closed.share_id, effect="end")),
    )
    counts = (await auditor.get("/v1/permitted-counts")).json()
    assert counts["size"] == 5
    assert counts["items"] == [
        {"recipient": "police-north", "permitted": 2, "ended": 1, "withdrawn": 1, "live": 1},
        {"recipient": "yot-northtown", "permitted": 1, "ended": 1, "withdrawn": 0, "live": 0},
    ]
    before = (await auditor.get("/v1/permitted-counts", params={"size": "3"})).json()
    assert [item["live"] for item in before["items"]] == [2, 1]
    by_day = {"by": "decision", "from": AT.isoformat(), "to": (AT + timedelta(days=1)).isoformat()}
    assert (await auditor.get("/v1/summary", params=by_day)).json()["items"] == [
        {"value": "permitted", "period": "2026-11-02", "permitted": 3, "refused": 0},
        {"value": "refused", "period": "2026-11-02", "permitted": 0, "refused": 2},
    ]
    by_month = (await auditor.get("/v1/summary", params={"by": "recipient"})).json()["items"]
    assert by_month[0] == {"value": "police-north", "period": "2026-11-01", "permitted": 2, "refused": 1}


async def test_only_an_auditor_may_ask(auditor: httpx2.AsyncClient, log: Log) -> None:
    problem(await auditor.get("/v1/shares", headers={"authorization": ""}), 401, "unauthorized")
    police = TOKENS.headers("police-north", "police", scopes=["read", "audit"])
    problem(await auditor.get("/v1/shares", headers=police), 403, "wrong-gateway")
    unscoped = TOKENS.headers("auditor-north", "auditor", scopes=["read"])
    problem(await auditor.get("/v1/shares", headers=unscoped), 403, "insufficient-scope")
    problem(await auditor.get("/v1/shares", params={"persn_id": "x"}), 422, "unknown-parameter")
    problem(await auditor.get("/v1/shares", params={"decided_from": "2026-11-02T10:00:00"}), 422, "invalid")
    assert await log.kinds() == []


async def test_reads_and_the_consumer_share_one_sequencer(auditor: httpx2.AsyncClient, log: Log) -> None:
    async def asks() -> None:
        for _ in range(6):
            assert (await auditor.get("/v1/shares")).status_code == 200

    async def appends() -> None:
        for _ in range(6):
            await log.take(decided(permitted(), refused()))

    await asyncio.gather(asks(), appends(), asks(), appends())
    async with log.database.session() as session:
        spans = (await session.execute(text("SELECT first_index, size FROM log_batch ORDER BY version"))).all()
    assert [first for first, _ in spans] == [0, *(size for _, size in spans[:-1])]
    assert spans[-1][1] == len(await log.kinds()) == 12 + 24
