"""A referral list is its owner's answer and the view, and the old view with new events is what a fresh one would be."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Basis, Category, Effect
from contracts.decisions import DeniedShare, ShareDeniedV1
from gateway.domain.board import Board
from gateway.domain.referrals import own_sections, seen, shared_by_referral
from gateway.domain.shares import Detail, Place, Share
from tests.support.boards import play

AT = datetime(2026, 11, 2, tzinfo=UTC)
PRISON, TRUST = "hmp-northgate", "mht-riverside"
ENDS = {
    Category.REFERRAL: (PRISON, TRUST),
    Category.REFERRAL_STATUS: (TRUST, PRISON),
    Category.ENGAGEMENT: (TRUST, PRISON),
}
OWN: dict[str, dict[str, Any]] = {
    direction: {"referral_id": "r1", "direction": direction, "state": "received", "appointments": []}
    for direction in ("sent", "received")
}


def content_of(category: Category, version: int) -> dict[str, Any]:
    if category is Category.REFERRAL:
        meeting = {"appointment_id": "a1", "at": "2026-12-01T09:00:00Z", "with_whom": "Key worker"}
        return {"referral_id": "r1", "needs": ["adhd"], "reason": f"version {version}", "appointments": [meeting]}
    if category is Category.REFERRAL_STATUS:
        return {"referral_id": "r1", "state": "accepted", "appointment_at": f"2026-12-0{version}T09:30:00Z"}
    return {"referral_id": "r1", "appointment_id": "a2", "at": f"2026-12-0{version}T09:30:00Z"}


def share(index: int, category: Category, version: int, ends: str | None, effect: Effect | None) -> Share:
    source, recipient = ENDS[category]
    permitted = effect is None
    return Share(
        place=Place(log="log", index=index, leaf_hash="aa", at=AT),
        share_id=f"s{index}",
        source=source,
        source_kind="prison",
        recipient=recipient,
        recipient_kind="mental-health",
        category=category,
        version=version,
        permitted=permitted,
        purpose="direct-care" if permitted else None,
        basis=Basis.CONSENT if permitted else None,
        clause="4.1" if permitted else None,
        reason=None if permitted else "consent-withdrawn",
        ends=ends,
        effect=effect,
        detail=Detail(
            person_id="person-1",
            subject_ref=f"{category}-r1",
            type="referral.changed",
            content=content_of(category, version) if permitted else None,
            occurred_at="2026-11-02T00:00:00Z",
        ),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Share | ShareDeniedV1]:
    """Referrals and answers that come in versions, are taken back and come again; a denial may be early."""
    steps: list[Share | ShareDeniedV1] = []
    live: dict[Category, str | None] = dict.fromkeys(ENDS)
    versions = dict.fromkeys(ENDS, 0)
    for index in range(draw(st.integers(1, 10))):
        category = draw(st.sampled_from(list(ENDS)))
        standing = live[category]
        if standing is not None and draw(st.booleans()):
            effect = draw(st.sampled_from(Effect))
            denial = ShareDeniedV1(
                denial_id=f"d{index}",
                person_id="person-1",
                effect=effect,
                shares=(DeniedShare(share_id=standing, recipient=ENDS[category][1]),),
                at=AT,
            )
            steps.insert(draw(st.integers(0, len(steps))), denial)
            steps.append(share(index, category, versions[category], standing, effect))
            live[category] = None
        else:
            versions[category] = min(versions[category] + 1, 9)
            steps.append(share(index, category, versions[category], None, None))
            live[category] = f"s{index}"
    return steps


def listed(board: Board, agency: str, direction: str) -> dict[str, Any]:
    """What this side's list holds of the referral."""
    sections = [
        (Category(category), found.body or "")
        for (name, category, _), found in sorted(board.visible.items())
        if name == agency
    ]
    return dict(seen(OWN[direction], shared_by_referral(sections)))


@given(histories(), st.data())
def test_an_old_view_with_the_events_since_is_a_fresh_view(steps: list[Any], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(steps)))
    fresh = play(*steps)
    old = play(*steps[:cut])
    again = Board()
    again.fill(items=sorted(old.items.values(), key=lambda item: item.cursor), visible=old.visible.items(),
               denied=old.denied.items(), told=old.told.items())  # fmt: skip
    play(*steps[cut:], on=again)
    for agency, direction in ((PRISON, "sent"), (TRUST, "received")):
        assert listed(again, agency, direction) == listed(fresh, agency, direction)


def test_the_senders_history_has_the_code_that_was_shared_and_no_other() -> None:
    lived = [{"to_state": "received"}, {"to_state": "rejected"}]
    own = OWN["sent"] | {"history": lived}
    status = {"referral_id": "r1", "state": "rejected", "reason_code": "NO_CAPACITY"}

    def codes(content: dict[str, Any], mine: dict[str, Any] = own) -> list[str | None]:
        history = seen(mine, {"r1": [(Category.REFERRAL_STATUS, content)]})["history"]
        return [each.get("code") for each in history]

    assert codes(status) == [None, "NO_CAPACITY"]
    assert codes({name: said for name, said in status.items() if name != "reason_code"}) == [None, None]
    assert codes(status | {"state": "accepted"}) == [None, None]
    closed = own | {"history": [*lived, {"to_state": "closed", "code": "NEE"}]}
    assert codes(status, closed) == [None, "NO_CAPACITY", "NEE"]
    assert lived == [{"to_state": "received"}, {"to_state": "rejected"}]


def test_each_side_gets_the_words_of_the_other_and_keeps_its_own() -> None:
    board = play(*(share(n, category, 1, None, None) for n, category in enumerate(ENDS)))
    received = listed(board, TRUST, "received")
    assert (received["needs"], received["reason"]) == (["adhd"], "version 1")
    assert received["appointments"] == [{"appointment_id": "a1", "at": "2026-12-01T09:00:00Z", "with": "Key worker"}]
    sent = listed(board, PRISON, "sent")
    assert sent["appointment_at"] == "2026-12-01T09:30:00Z"
    assert sent["appointments"] == [{"appointment_id": "a2", "at": "2026-12-01T09:30:00Z"}]
    assert "needs" not in sent
    mine = OWN["sent"] | {"reason_code": "NEE"}
    theirs = {"r1": [(Category.REFERRAL_STATUS, {"referral_id": "r1", "reason_code": "OTHER"})]}
    assert seen(mine, theirs)["reason_code"] == "NEE"


def test_what_was_not_shared_is_absent() -> None:
    for direction in OWN:
        assert seen(OWN[direction], {}) == OWN[direction]


def test_an_agencys_own_part_of_a_referral_is_in_its_view_of_the_person() -> None:
    own = OWN["received"] | {"person_id": "p", "history": [], "appointments": [{"appointment_id": "a2", "at": "x"}]}
    status, meeting = own_sections(own)
    assert status[0] is Category.REFERRAL_STATUS
    assert not {"person_id", "history"} & set(status[1])
    assert meeting == (Category.ENGAGEMENT, {"referral_id": "r1", "appointment_id": "a2", "at": "x"})
    assert [category for category, _ in own_sections(OWN["sent"])] == [Category.REFERRAL]
    assert json.dumps(own)


def test_how_often_others_refused_is_told_by_the_share_and_gone_with_it() -> None:
    own = OWN["received"] | {"state": "rejected", "chain": {"bounces": 1, "days": 0, "accepted": False}}
    told = {"referral_id": "r1", "service_id": "s1", "chain": {"bounces": 2, "days": 15}, "alerts": ["bounced-twice"]}
    found = seen(own, {"r1": [(Category.REFERRAL, told)]})
    assert (found["chain"], found["alerts"]) == ({"bounces": 3, "days": 15, "accepted": False}, ["bounced-twice"])
    assert found["service_id"] == "s1"
    without = seen(own, {})
    assert (without["chain"], "alerts" in without, "service_id" in without) == (own["chain"], False, False)
