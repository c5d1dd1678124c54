"""What an entry means: feed, view and ledger, whatever the order in which log and denials came."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Basis, Category, Effect
from contracts.decisions import ShareDeniedV1
from gateway.domain.projection import apply
from gateway.domain.shares import (
    ItemKind,
    LedgerState,
    NotJustified,
    Place,
    Share,
    change_between,
    derived_id,
)
from tests.support.boards import AT, SUBJECT, body, denial, play, refused, share


def test_a_permit_shows_in_feed_and_view() -> None:
    board = play(share(0))
    item = body(board, "s0")
    assert item["content"] == {"release_date": "2026-12-01"}
    assert item["change"] == {"previous_date": None, "direction": "new"}
    assert item["receipt"] == {"log": "log", "index": 0, "leaf_hash": "aa"}
    section = json.loads(board.visible[SUBJECT].body or "")
    assert section["content"] == item["content"]
    assert section["share_id"] == "s0"


def test_a_refusal_shows_nothing() -> None:
    board = play(refused(0))
    assert not board.items
    assert not board.visible


@pytest.mark.parametrize(
    ("dates", "previous", "direction"),
    [
        (["2026-12-01", "2026-11-20"], "2026-12-01", "earlier"),
        (["2026-12-01", "2026-12-09"], "2026-12-01", "later"),
        (["2026-12-01", "2026-12-01"], "2026-12-01", "same"),
        (["2026-12-01", None], "2026-12-01", "withdrawn"),
        (["2026-12-01", None, "2026-12-05"], None, "new"),
    ],
)
def test_change_is_against_what_this_agency_was_shown(
    dates: list[str | None], previous: str | None, direction: str
) -> None:
    board = play(*(share(n, n + 1, date) for n, date in enumerate(dates)))
    assert body(board, f"s{len(dates) - 1}")["change"] == {"previous_date": previous, "direction": direction}


def test_an_agency_that_joins_late_is_shown_the_date_as_new() -> None:
    late = share(2, 2, "2026-12-05", recipient="police-north", recipient_kind="police")
    board = play(share(0), share(1, 2, "2026-12-05"), late)
    assert body(board, "s2", agency="police-north")["change"] == {"previous_date": None, "direction": "new"}


def test_a_lower_version_never_replaces_a_higher_one() -> None:
    board = play(share(0, 5, "2026-12-05"))
    assert apply(board, share(1, 4, "2026-12-04")) == "stale"
    assert board.visible[SUBJECT].share_id == "s0"
    assert ("probation-north", "s1", ItemKind.SHARE) not in board.items


def test_the_same_entry_again_changes_nothing() -> None:
    board = play(share(0))
    before = (dict(board.items), dict(board.visible))
    assert apply(board, share(0)) == "seen"
    assert (board.items, board.visible) == before


def test_a_signed_permit_without_its_detail_shows_nothing() -> None:
    board = play(share(0, detail=None))
    assert not board.items
    assert not board.visible
    assert not board.changes.ledger


def test_the_ledger_names_a_recipient_only_where_the_source_may_know() -> None:
    hidden = share(1, recipient="mht-riverside", recipient_kind="mental-health", source_sees_recipient=False)
    board = play(share(0), hidden)
    named, nameless = board.changes.ledger.values()
    assert (named.recipient, named.state) == ("probation-north", LedgerState.RECORDED)
    assert (nameless.recipient, nameless.recipient_kind, nameless.clause, nameless.reason) == (None,) * 4
    assert not board.changes.outdated


def test_a_recipient_that_is_not_named_counts_once_however_often_it_was_decided() -> None:
    board = play(*(share(n, n + 1, source_sees_recipient=False) for n in range(3)))
    assert board.changes.outdated == {"s0", "s1"}


def test_the_ledger_says_withdrawn() -> None:
    board = play(share(0), refused(1, ends="s0", effect=Effect.WITHDRAW))
    assert [line.state for line in board.changes.ledger.values()] == [LedgerState.WITHDRAWN]


def test_an_emergency_pull_tells_its_source_and_names_the_recipient_only_where_it_may() -> None:
    pulled = share(0, basis=Basis.VITAL_INTERESTS, category=Category.MEDICATION, source_sees_recipient=False)
    board = play(pulled)
    notice = body(board, "s0", ItemKind.EMERGENCY, "hmp-northgate")
    assert notice["type"] == "emergency.shared"
    assert notice["content"]["recipient"] is None
    assert "release_date" not in json.dumps(notice)


def test_a_warning_is_no_news_to_its_sender() -> None:
    board = play(share(0, basis=Basis.VITAL_INTERESTS, category=Category.WARNING))
    assert {agency for agency, _, _ in board.items} == {"probation-north"}


def test_a_review_that_finds_against_a_share_tells_the_source() -> None:
    review = NotJustified(
        place=Place(log="log", index=5, leaf_hash="bb", at=AT),
        share_id="s0",
        source="hmp-northgate",
        recipient="probation-north",
    )
    board = play(share(0, basis=Basis.VITAL_INTERESTS, category=Category.MEDICATION), review)
    notice = body(board, "s0", ItemKind.NOT_JUSTIFIED, "hmp-northgate")
    assert (notice["type"], notice["content"]) == ("emergency.not-justified", None)
    assert notice["source"] == {"agency": "hmp-northgate", "kind": "prison"}


def test_change_between_nothing_and_nothing_is_no_change() -> None:
    assert change_between(None, None).direction == "same"


def test_derived_ids_are_version_7_and_stable() -> None:
    first = derived_id(AT, "withdrawn", "s1")
    assert first == derived_id(AT, "withdrawn", "s1") != derived_id(AT, "withdrawn", "s2")
    assert first[14] == "7"
    assert first[19] in "89ab"


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Share], list[ShareDeniedV1]]:
    """A lawful history of one subject and recipient: permits, withdrawals and ends as consent decides them."""
    log: list[Share] = []
    denials: list[ShareDeniedV1] = []
    live: str | None = None
    version = 1
    for index in range(draw(st.integers(1, 9))):
        if live is not None and draw(st.booleans()):
            effect = draw(st.sampled_from(Effect))
            log.append(refused(index, version, ends=live, effect=effect))
            denials.append(denial(live, effect))
            live = None
            continue
        version += draw(st.integers(0 if live is None else 1, 2))
        date = draw(st.sampled_from(["2026-12-01", "2026-12-05", "2026-12-09"]))
        log.append(share(index, version, date, basis=draw(st.sampled_from([Basis.CONSENT, Basis.STATUTORY]))))
        live = f"s{index}"
    return log, denials


@given(histories(), st.data())
def test_old_view_and_messages_in_any_order_make_the_fresh_view(
    history: tuple[list[Share], list[ShareDeniedV1]], data: st.DataObject
) -> None:
    """Denials come anywhere between the entries of the log, and any message may come twice."""
    log, denials = history
    fresh = play(*log)
    steps: list[Share | ShareDeniedV1] = list(log)
    for each in denials:
        for _ in range(data.draw(st.integers(1, 2))):
            steps.insert(data.draw(st.integers(0, len(steps))), each)
    for again in data.draw(st.lists(st.sampled_from(log), max_size=3)):
        steps.insert(data.draw(st.integers(steps.index(again) + 1, len(steps))), again)
    mixed = play(*steps)
    assert set(mixed.visible) == set(fresh.visible)
    assert {s: v.share_id for s, v in mixed.visible.items()} == {s: v.share_id for s, v in fresh.visible.items()}
    assert set(mixed.items) == set(fresh.items)
    for key, item in fresh.items.items():
        assert not item.hidden or mixed.items[key].hidden, "what is blank for one who saw it in order is blank for all"
    if all(each.effect is Effect.WITHDRAW for each in denials):
        assert mixed.items == fresh.items
        assert mixed.visible == fresh.visible
    versions = [item.version for item in mixed.shown(SUBJECT)]
    assert versions == sorted(versions)
