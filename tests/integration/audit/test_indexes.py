"""No question of the auditor's is answered by reading the whole log."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from audit.domain.drafts import member_tag, person_tag
from audit.queries.entries import Conditions, access_conditions, entries_statement, entry_conditions, share_conditions
from chassis.db import AsyncSession, Database
from contracts.codes import Basis, Category, EntryKind, Purpose, Reason, Verdict
from contracts.http.audit import AccessFilter, EntryFilter, ShareFilter
from tests.support.log_events import AT
from tests.support.postgres import MakeDatabase, TestDatabase

ENTRIES = 40_000
PERSON, MEMBER, SUBJECT = "person-7", "member-7", "subject-7"
KEY = bytes(32)

_FILL = f"""
INSERT INTO log_entry
SELECT n, CASE WHEN n % 49 = 0 THEN 'read' WHEN n % 5000 = 1 THEN 'objection' ELSE 'share' END,
    'share-' || n,
    CASE WHEN n % 2000 = 7 THEN %(person)s::bytea ELSE sha256(int8send(n / 20)) END,
    'source-' || n % 300, 'recipient-' || n % 300,
    CASE WHEN n % 100 = 3 THEN 'warning' ELSE 'release-date' END,
    CASE WHEN n % 100 = 3 THEN 'safeguarding' ELSE 'offender-management' END,
    CASE WHEN n % 200 = 3 THEN 'refused' ELSE 'permitted' END,
    CASE WHEN n % 100 = 3 THEN 'vital-interests' ELSE 'statutory' END,
    CASE WHEN n % 100 = 3 THEN '9.1' ELSE '2.1' END,
    CASE WHEN n % 200 = 3 THEN 'objection' END,
    CASE WHEN n % 200 = 7 THEN %(member)s::bytea END,
    NULL, %(at)s::timestamptz + n * interval '1 minute', %(at)s, repeat('x', 600), sha256(int8send(n))
FROM generate_series(0::bigint, {ENTRIES} - 1) n;
"""
_FILL_DETAIL = f"""
INSERT INTO log_detail
SELECT n, '\\x00', 'person-' || n / 20, 'subject-' || n / 20, '{{}}' FROM generate_series(0::bigint, {ENTRIES} - 1) n;
"""


_FILL_TURNS = f"INSERT INTO log_turn SELECT n + 1, 'signature' FROM generate_series(0, {ENTRIES} / 100 - 1) n"
_FILL_BATCHES = f"""
INSERT INTO log_batch
SELECT n + 1, n * 100, n * 100 + 100, 'key', 'signature', 'event-' || n,
    %(at)s::timestamptz + n * interval '100 minutes'
FROM generate_series(0::bigint, {ENTRIES} / 100 - 1) n;
"""


@pytest.fixture(scope="module")
def filled(make_database: MakeDatabase) -> TestDatabase:
    """A log of a size at which reading all of it would be a fault."""
    made = make_database("audit")
    keys = {f"person:{PERSON}": KEY, f"member:{MEMBER}": KEY}
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        tags = {
            "person": bytes.fromhex(person_tag(PERSON, keys)),
            "member": bytes.fromhex(member_tag(MEMBER, keys)),
            "at": AT,
        }
        owner.execute(_FILL.replace(" % ", " %% "), tags)
        owner.execute(_FILL_DETAIL)
        owner.execute(_FILL_TURNS)
        owner.execute(_FILL_BATCHES, {"at": AT})
        for ref, key in keys.items():
            owner.execute("INSERT INTO subject_key VALUES (%s, %s)", (ref, key))
        owner.execute("VACUUM ANALYZE log_entry, log_detail, log_batch")
    return made


@pytest.fixture
async def filled_database(filled: TestDatabase) -> AsyncIterator[Database]:
    database = Database(filled.url)
    yield database
    await database.close()


SHARES = [
    ShareFilter(),
    ShareFilter(person_id=PERSON),
    ShareFilter(source="source-7"),
    ShareFilter(recipient="recipient-7"),
    ShareFilter(category=Category.WARNING),
    ShareFilter(purpose=Purpose.SAFEGUARDING),
    ShareFilter(basis=Basis.VITAL_INTERESTS),
    ShareFilter(decision=Verdict.REFUSED),
    ShareFilter(clause="9.1"),
    ShareFilter(reason=Reason.OBJECTION),
    ShareFilter(member=MEMBER),
    ShareFilter(subject_ref=SUBJECT),
    ShareFilter(decided_from=AT + timedelta(minutes=100), decided_to=AT + timedelta(minutes=200)),
    ShareFilter(decided_from=AT + timedelta(minutes=ENTRIES * 3 // 4)),
    ShareFilter(recipient="recipient-103", decision=Verdict.REFUSED, decided_from=AT),
]
OTHERS: list[EntryFilter | AccessFilter] = [
    EntryFilter(kind=EntryKind.OBJECTION),
    EntryFilter(agency="source-7"),
    EntryFilter(person_id=PERSON),
    AccessFilter(),
    AccessFilter(agency="source-7"),
    AccessFilter(member=MEMBER),
]


def _named(wanted: Any) -> str:
    return f"{type(wanted).__name__}:{'+'.join(wanted.model_dump(exclude_none=True)) or 'all'}"


async def _conditions(session: AsyncSession, wanted: Any) -> Conditions:
    if isinstance(wanted, ShareFilter):
        return await share_conditions(session, wanted)
    if isinstance(wanted, AccessFilter):
        return await access_conditions(session, wanted)
    return await entry_conditions(session, wanted)


def test_every_filter_has_its_plan_looked_at() -> None:
    asked = {name for wanted in SHARES for name in wanted.model_dump(exclude_none=True)}
    assert asked == set(ShareFilter.model_fields)


@pytest.mark.parametrize("wanted", [*SHARES, *OTHERS], ids=_named)
@pytest.mark.parametrize("after", [None, ENTRIES // 2])
async def test_no_filter_reads_the_whole_log(filled_database: Database, wanted: Any, after: int | None) -> None:
    async with filled_database.session() as session:
        conditions = await _conditions(session, wanted)
        statement = entries_statement(conditions, after=after, limit=51)
        compiled = statement.compile(
            dialect=filled_database.engine.dialect, compile_kwargs={"render_postcompile": True}
        )
        assert after or (await session.execute(statement)).first() is not None, "the question finds something"
        connection = await session.connection()
        plan = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF) {compiled}", compiled.params
        )
        lines: Sequence[str] = [line for (line,) in plan]
    assert not [line for line in lines if "Seq Scan on log_entry_p0" in line or "Seq Scan on log_detail" in line], lines
    thrown_away = [int(line.rsplit(" ", 1)[1]) for line in lines if "Rows Removed by Filter" in line]
    assert sum(thrown_away) < ENTRIES // 10, lines
