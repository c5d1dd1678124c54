"""Every event that audit hears becomes entries by one table, and no leaf names anybody."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.domain.drafts import Draft, LeafTooLong, detail_of, iso, leaf_of, refs_of
from audit.domain.entries import DRAFTS, UNLOGGED, auditor_read, drafts_of
from audit.domain.explain import explain
from audit.handlers import TOPICS
from chassis.ids import new_id
from contracts.access import AccessRecordedV1, Delivery, DeliveryRecordedV1
from contracts.caseload import PersonMergedV1
from contracts.codes import AgencyKind, Category, InvolvementState, Purpose, Reason
from contracts.consent import (
    AgencySuspendedV1,
    ConsentRecordedV1,
    ConsentWithdrawnV1,
    EmergencyRequestedV1,
    InvolvementNotedV1,
    ObjectionRecordedV1,
    Recipient,
    ReviewRecordedV1,
)
from contracts.event import EventData
from contracts.log_leaf import EventLeaf, Leaf, ShareLeaf, read_leaf
from contracts.log_proof import content_digest
from contracts.registry import EVENTS
from contracts.topics import specs
from tests.support.log_events import AT, decided, permitted, refused

PERSON, MEMBER, TEXT = "person-0001", "z.member@agency", "seen at the bus station"
IDS = {name: f"{name}-0001" for name in ("consent", "withdrawal", "objection", "involvement", "request", "review")}
SECRETS = (PERSON, MEMBER, TEXT, *IDS.values(), "merge-0001", "removed-0001", "access-0001", "older-0001")
KEYS = {f"person:{PERSON}": b"p" * 32, f"member:{MEMBER}": b"m" * 32}
TO = (Recipient(agency="charity-newstart"), Recipient(kind=AgencyKind.HOUSING))
CATEGORIES = (Category.RELEASE_DATE,)

SAMPLES: Sequence[EventData] = (
    ConsentRecordedV1(
        person_id=PERSON,
        consent_id=IDS["consent"],
        decision="given",
        categories=CATEGORIES,
        recipients=TO,
        purposes=(Purpose.RESETTLEMENT,),
        given_at=AT,
        valid_from=AT,
        valid_until=AT,
        how="written",
        recorded_by="hmp-northgate",
        member=MEMBER,
        supersedes=("older-0001",),
        at=AT,
    ),
    ConsentWithdrawnV1(
        person_id=PERSON,
        withdrawal_id=IDS["withdrawal"],
        consent_id=IDS["consent"],
        categories=None,
        recipients=None,
        recorded_by="probation-north",
        member=MEMBER,
        shares_ended=2,
        at=AT,
    ),
    ObjectionRecordedV1(
        person_id=PERSON,
        objection_id=IDS["objection"],
        categories=CATEGORIES,
        recipients=TO,
        purposes=(),
        recorded_by="hmp-northgate",
        at=AT,
    ),
    InvolvementNotedV1(
        person_id=PERSON,
        involvement_id=IDS["involvement"],
        agency="police-north",
        state=InvolvementState.CLAIMED,
        roles=("iom-team",),
        via="claim",
        member=MEMBER,
        since=AT,
        at=AT,
    ),
    AgencySuspendedV1(agency_id="police-north", suspended=True, by="operator", reason=TEXT, at=AT),
    EmergencyRequestedV1(
        person_id=PERSON,
        request_id=IDS["request"],
        agency="mht-riverside",
        member=MEMBER,
        category=Category.MEDICATION,
        source=None,
        justification=TEXT,
        expires_at=AT,
        review_due_at=AT,
        at=AT,
    ),
    ReviewRecordedV1(
        person_id=PERSON,
        review_id=IDS["review"],
        share_id="share-0001",
        source="hmp-northgate",
        recipient="mht-riverside",
        category=Category.MEDICATION,
        outcome="not-justified",
        comment=TEXT,
        reviewed_by="auditor-north",
        member=MEMBER,
        at=AT,
    ),
    AccessRecordedV1(
        access_id="access-0001", agency="police-north", member=MEMBER, route="/v1/feed", person_id=PERSON, at=AT
    ),
    PersonMergedV1(merge_id="merge-0001", kept_id=PERSON, removed_id="removed-0001", at=AT),
    decided(
        permitted(
            basis="consent",
            consent_id=IDS["consent"],
            requested_by=MEMBER,
            justification=TEXT,
            facts={IDS["consent"]: "3"},
        ),
        person_id=PERSON,
        subject_ref="older-0001",
    ),
)


def made(draft: Draft) -> tuple[Leaf, str]:
    digest = content_digest("00" * 16, detail_of(draft))
    return leaf_of(draft, digest=digest, keys=KEYS, recorded_at=iso(AT))


def leaf_texts(event: EventData) -> list[str]:
    found = []
    for draft in drafts_of(new_id(), event):
        assert refs_of(draft) <= set(KEYS)
        found.append(made(draft)[1])
    return found


def test_every_type_on_the_topics_of_audit_is_an_entry_or_says_why_not() -> None:
    heard = {name for topic in TOPICS for name in specs()[topic].types}
    logged = {event.TYPE for event in DRAFTS}
    assert logged | set(UNLOGGED) == heard
    assert not logged & set(UNLOGGED)
    assert logged <= set(EVENTS)
    assert all("audit" in specs()[topic].consumers for topic in TOPICS)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.TYPE)
def test_no_leaf_names_a_person_a_member_or_what_somebody_wrote(event: EventData) -> None:
    (leaf,) = leaf_texts(event)
    assert not [secret for secret in SECRETS if secret in leaf]
    assert read_leaf(leaf).content_digest


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.TYPE)
def test_what_the_leaf_may_not_say_the_detail_says(event: EventData) -> None:
    (draft,) = drafts_of(new_id(), event)
    detail = str(detail_of(draft))
    named = [str(value) for value in event.model_dump().values() if value in SECRETS]
    assert not [value for value in named if value not in detail]


def test_an_acknowledgement_is_one_entry_and_a_mere_delivery_is_none() -> None:
    out = Delivery(share_id="share-0001", delivered_at=AT)
    taken = Delivery(share_id="share-0002", acknowledged_at=AT)
    assert drafts_of("e", DeliveryRecordedV1(agency="police-north", deliveries=(out,), at=AT)) == ()
    (draft,) = drafts_of("e", DeliveryRecordedV1(agency="police-north", deliveries=(out, taken), at=AT))
    assert detail_of(draft)["shares"] == ["share-0002"]


def test_an_auditors_look_shows_codes_and_hides_ids() -> None:
    filters = {"person_id": PERSON, "member": MEMBER, "recipient": "police-north"}
    draft = auditor_read(
        entry_id="e", agency="auditor-north", member=None, route="/v1/shares", filters=filters, count=3, at=AT
    )
    leaf, text = made(draft)
    assert isinstance(leaf, EventLeaf)
    assert leaf.facts == {
        "route": "/v1/shares",
        "filters": ["member", "person_id", "recipient=police-north"],
        "count": 3,
    }
    assert PERSON not in text
    assert detail_of(draft)["filters"] == filters


@settings(deadline=None)
@given(st.integers(1, 1200), st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_near_misses_are_cut_to_what_a_leaf_holds_and_counted(count: int, was: str) -> None:
    decision = refused()
    miss = decision.near_misses[0].model_copy(update={"was": was})
    offer = decided(decision.model_copy(update={"near_misses": (miss,) * count}), person_id=PERSON)
    leaf = read_leaf(leaf_texts(offer)[0])
    assert isinstance(leaf, ShareLeaf)
    assert len(leaf.near_misses) + leaf.near_misses_cut == count
    assert len(leaf_texts(offer)[0].encode()) <= 65_535


def test_an_entry_that_cannot_fit_is_refused_by_name() -> None:
    offer = decided(permitted(fields_removed=("x" * 70_000,)), person_id=PERSON)
    with pytest.raises(LeafTooLong):
        leaf_texts(offer)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_plain_words(reason: Reason) -> None:
    (draft,) = drafts_of("e", decided(refused(reason=reason), person_id=PERSON))
    leaf, _ = made(draft)
    assert isinstance(leaf, ShareLeaf)
    assert "not known here" not in explain(leaf)[0]


def test_an_explanation_tells_all_that_a_leaf_knows() -> None:
    change: dict[str, Any] = {
        "also_permitted_by": ("2.2",),
        "subject_to": "objection",
        "requested_by": MEMBER,
        "expires_at": AT,
        "review_due_at": AT,
        "ends": "share-0000",
        "effect": "end",
    }
    (draft,) = drafts_of("e", decided(permitted(**change), person_id=PERSON))
    leaf, _ = made(draft)
    assert isinstance(leaf, ShareLeaf)
    told = " ".join(explain(leaf))
    for word in (
        "police-north",
        "hmp-northgate",
        "clause 2.1",
        "2.2",
        "objecting",
        "pnc",
        "share-0000",
        "justification",
    ):
        assert word in told
