"""The ends of an auditor's range: a moment, or a day, which is its beginning in England and Wales."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from contracts.http.audit import ShareFilter


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-06-01", datetime(2026, 5, 31, 23, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-06-01T12:00:00+02:00", datetime(2026, 6, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_day_is_its_beginning_and_a_moment_itself(said: str, meant: datetime) -> None:
    assert ShareFilter.model_validate({"decided_from": said}).decided_from == meant


@pytest.mark.parametrize("said", ["2026-02-30", "0001-01-01", "2026-06-01T12:00:00", "yesterday"])
def test_what_is_neither_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        ShareFilter.model_validate({"decided_to": said})
