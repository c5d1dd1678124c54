"""Nothing is believed that the log's key did not sign; a bad entry hides itself alone."""

from typing import Any

import pytest

from contracts.codes import EntryKind
from contracts.log import LogAppendedV1
from gateway.domain.proof import Believed, believe, erases_as_signed
from gateway.domain.shares import NotJustified, Share
from tests.support.sharelog import MadeLog, altered

CONTENT = {"release_date": "2026-12-01"}


def shown(believed: Believed) -> list[str]:
    return [entry.share_id for entry in believed.proven if isinstance(entry, Share) and entry.detail is not None]


def three(log: MadeLog) -> LogAppendedV1:
    return log.batch(*(log.share(f"s{n}", content=CONTENT, subject_ref=f"r{n}") for n in range(3)))


def test_a_signed_batch_is_believed_entry_by_entry() -> None:
    log = MadeLog()
    believed = believe(three(log), key=log.key)
    assert shown(believed) == ["s0", "s1", "s2"]
    assert believed.doubts == ()


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "AAAA"},
        {"signature": "not base64"},
        {"key_id": "00000000"},
        {"first_index": 1},
        {"log": "another/log"},
    ],
)
def test_a_batch_whose_signature_does_not_hold_shows_nothing(change: dict[str, Any]) -> None:
    log = MadeLog()
    believed = believe(three(log).model_copy(update=change), key=log.key)
    assert believed.proven == ()
    assert [doubt.why for doubt in believed.doubts] == ["signature"] * 3


def test_a_batch_signed_with_another_key_shows_nothing() -> None:
    log = MadeLog()
    assert believe(three(log), key=MadeLog().key).proven == ()


def test_entries_in_another_order_than_signed_show_nothing() -> None:
    log = MadeLog()
    batch = three(log)
    assert believe(batch.model_copy(update={"entries": batch.entries[::-1]}), key=log.key).proven == ()


def test_a_batch_without_one_of_its_entries_shows_nothing() -> None:
    log = MadeLog()
    batch = three(log)
    assert believe(batch.model_copy(update={"entries": batch.entries[:2]}), key=log.key).proven == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"leaf": '{"v":1,"kind":"share"}'}, "leaf-hash"),
        ({"salt": "ff" * 16}, "digest"),
        ({"salt": "no hex"}, "digest"),
        ({"detail": None}, "content-missing"),
        ({"detail": {"person_id": "person-2"}}, "digest"),
    ],
)
def test_a_bad_entry_hides_itself_alone(change: dict[str, Any], why: str) -> None:
    log = MadeLog()
    believed = believe(altered(three(log), 1, **change), key=log.key)
    assert shown(believed) == ["s0", "s2"]
    assert [(doubt.index, doubt.why) for doubt in believed.doubts] == [(1, why)]


def test_changed_content_of_a_share_is_not_shown() -> None:
    log = MadeLog()
    batch = three(log)
    detail = dict(batch.entries[1].detail or {}) | {"content": {"release_date": "2030-01-01"}}
    believed = believe(altered(batch, 1, detail=detail), key=log.key)
    assert shown(believed) == ["s0", "s2"]


def test_the_index_is_the_signed_place_and_not_what_the_entry_claims() -> None:
    log = MadeLog()
    believed = believe(altered(three(log), 1, index=77), key=log.key)
    assert [entry.place.index for entry in believed.proven] == [0, 1, 2]


def test_a_signed_ending_counts_though_its_detail_is_gone() -> None:
    log = MadeLog()
    batch = log.batch(log.share("s1", ends="s0", effect="withdraw", reason="consent-withdrawn"))
    (ending,) = believe(altered(batch, 0, detail=None, salt=None), key=log.key).proven
    assert isinstance(ending, Share)
    assert ending.ends == "s0"


def test_a_leaf_that_is_signed_and_malformed_hides_itself_alone() -> None:
    log = MadeLog()
    batch = log.batch(log.share("s0", content=CONTENT, category="gossip"), log.share("s1", content=CONTENT))
    believed = believe(batch, key=log.key)
    assert shown(believed) == ["s1"]
    assert [doubt.why for doubt in believed.doubts] == ["shape"]


def test_of_reviews_only_those_that_found_against_a_share_matter() -> None:
    log = MadeLog()
    facts = {"share_id": "s1", "source": "das-riverside", "recipient": "mht-riverside"}
    entries = [
        log.event(EntryKind.REVIEW, "review.recorded.v1", outcome=outcome, **facts)
        for outcome in ("justified", "not-justified")
    ]
    believed = believe(log.batch(*entries), key=log.key)
    assert [type(entry) for entry in believed.proven] == [NotJustified]


@pytest.mark.parametrize("change", [{"detail": None}, {"salt": None}, {"detail": {"person_ids": [], "subjects": []}}])
def test_an_erasure_names_whom_it_was_signed_for_or_is_none_of_the_log_s(change: dict[str, Any]) -> None:
    log = MadeLog()
    batch = log.batch(log.share("s0"), log.erasure("person-1"))
    assert erases_as_signed(batch)
    assert not erases_as_signed(altered(batch, 1, **change))
    assert erases_as_signed(altered(batch, 0, detail=None)), "of a share the detail may be erased"
