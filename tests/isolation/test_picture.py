"""What a stranger's picture holds: a list to its end, however long it was before."""

from collections.abc import Iterator
from random import Random

import psycopg
import pytest

from tests.isolation.looks import picture
from tests.isolation.walk import Counted, Walk
from tests.support.pipe import Pipe

AGENCY = "housing-southtown"
FAR = 1_000_000
"""Behind all that the log has come to here."""
_PLANT = """
INSERT INTO feed_item (agency, cursor, kind, share_id, person_id, category, subject_ref, version, source, source_kind,
                       told_source, hidden, body, available_at)
SELECT %(agency)s, n, 'share', 'planted-' || n, 'planted', 'release-date', 'planted', n, 'hmp-northgate', 'prison',
       false, false, '{"item_id":"planted-' || n || '"}', now()
FROM generate_series(%(first)s, %(last)s) n
"""
_UPROOT = "DELETE FROM feed_item WHERE person_id = 'planted'"


@pytest.fixture
def planting(pipe: Pipe) -> Iterator[psycopg.Connection]:
    with psycopg.connect(pipe.gateway.login_url("gateway_projector"), autocommit=True) as connection:
        yield connection
        connection.execute(_UPROOT)


@pytest.mark.parametrize("items", [0, 60, 560])
async def test_an_item_that_comes_to_the_end_of_a_feed_changes_the_picture(
    pipe: Pipe, planting: psycopg.Connection, items: int
) -> None:
    walk = Walk(pipe, Counted(), Random(1))
    names = {"agency": AGENCY, "first": FAR, "last": FAR + items - 1}
    planting.execute(_PLANT, names)
    before = await picture(walk, AGENCY)
    assert await picture(walk, AGENCY) == before
    planting.execute(_PLANT, names | {"first": FAR + items, "last": FAR + items})
    after = await picture(walk, AGENCY)
    assert [path for path in before if after[path] != before[path]] == ["/feed?limit=500"]
