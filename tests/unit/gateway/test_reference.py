"""What reference data says of a code's days is what its use is judged by."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response

from chassis.pagination import Page, decode
from contracts import codes
from contracts.codes import OUTCOMES_IN_USE, REJECTIONS_IN_USE, WITHDRAWALS_IN_USE, InUse
from gateway.api.lookups import SetUnknown, reference_data
from gateway.domain.reference import SETS
from referral.domain.reasons import NotInUse, ensure_in_use

EVERYTHING = Page(limit=500, after=None, secret="", scope="", filters=(), response=Response())
JUDGED: dict[str, Mapping[Any, InUse]] = {
    "rejection-codes": REJECTIONS_IN_USE,
    "withdrawal-codes": WITHDRAWALS_IN_USE,
    "outcome-codes": OUTCOMES_IN_USE,
}


def test_a_coded_list_holds_every_code_of_its_words() -> None:
    for name, found in SETS.items():
        words: Any = type(next(iter(found)))
        assert list(found) == list(words), name


def test_every_table_of_days_is_a_list_that_can_be_looked_up() -> None:
    tables = [getattr(codes, name) for name in codes.__all__ if name.endswith("_IN_USE")]
    assert len(tables) == len(JUDGED)
    assert all(any(table is found for found in SETS.values()) for table in tables)


@pytest.mark.parametrize("name", JUDGED)
async def test_a_code_is_taken_from_the_day_that_is_told_and_not_before(name: str) -> None:
    for told in (await reference_data(name, EVERYTHING)).items:
        code = next(code for code in JUDGED[name] if code == told.code)
        ensure_in_use(code, JUDGED[name], told.effective_from, pointer="/reason_code")
        with pytest.raises(NotInUse):
            ensure_in_use(code, JUDGED[name], told.effective_from - timedelta(days=1), pointer="/reason_code")


async def test_a_list_that_is_not_there_is_not_found() -> None:
    with pytest.raises(SetUnknown):
        await reference_data("gossip", EVERYTHING)


async def test_a_page_of_a_coded_list_says_where_the_next_begins() -> None:
    first = await reference_data("needs", replace(EVERYTHING, limit=2))
    assert first.next is not None
    after = decode(first.next, secret="", scope="")
    rest = await reference_data("needs", replace(EVERYTHING, after=after))
    assert [each.code for each in (*first.items, *rest.items)] == list(SETS["needs"])
    assert rest.next is None
