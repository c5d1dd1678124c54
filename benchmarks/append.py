"""How much the share log costs above writing the same rows: `python benchmarks/append.py [--entries 50000]`.

Floor: COPY of exactly the rows that the append wrote (entries with all their indexes and triggers, dedup, details), the
same number per transaction, into a second database of the same server. Append: the sequencer with all it does: dedup,
keys, tags, digests, leaves, signature, COPY, state, and the outbox message. Rounds alternate, so that both meet one
machine; PostgreSQL is the wheel's with fsync on. Prints one JSON object.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection

from audit.domain.entries import drafts_of
from audit.operations.append import append
from audit.signing import Signer, signer
from chassis import clock
from chassis.db import Database
from chassis.ids import new_id
from chassis.migrations import migrate
from contracts.codes import AgencyKind, Basis, Category, Purpose, Verdict
from contracts.decisions import Decision, OfferDecidedV1
from throughgate.local import postgres
from throughgate.local.databases import DATABASES, ensure_database, ensure_roles, url_for
from throughgate.local.ports import free_port

COPIED = ("log_entry", "log_dedup", "log_detail")
RECIPIENTS = 4


def offer() -> OfferDecidedV1:
    """A changed release date, permitted to four agencies."""
    now = clock.now()
    decisions = tuple(
        Decision(
            share_id=new_id(),
            recipient=f"police-{number}",
            recipient_kind=AgencyKind.POLICE,
            purpose=Purpose.OFFENDER_MANAGEMENT,
            verdict=Verdict.PERMITTED,
            basis=Basis.STATUTORY,
            agreement="north-isa",
            agreement_version="1.0.0",
            clause="2.1",
            fields_removed=("pnc",),
            policy_hash="ab" * 32,
            facts={"involvement": "3"},
            content={"release_date": "2026-12-04", "flags": ["friday-release"], "notice_working_days": 24},
            source_sees_recipient=True,
            decided_at=now,
        )
        for number in range(RECIPIENTS)
    )
    return OfferDecidedV1(
        person_id=new_id(),
        offer_id=new_id(),
        source="hmp-northgate",
        source_kind=AgencyKind.PRISON,
        category=Category.RELEASE_DATE,
        subject_ref=new_id(),
        version=1,
        type="release.date-changed",
        occurred_at=now,
        decisions=decisions,
        at=now,
    )


async def append_round(database: Database, signing: Signer, batch: int) -> float:
    """Seconds for one batch, from the received events to the commit."""
    offers = [offer() for _ in range(batch // RECIPIENTS)]
    started = time.perf_counter()
    drafts = [draft for each in offers for draft in drafts_of(each.offer_id, each)]
    async with database.transaction() as session:
        await append(session, drafts, signer=signing, now=clock.now())
    return time.perf_counter() - started


async def floor_round(source: AsyncConnection[Any], target: AsyncConnection[Any], first: int, batch: int) -> float:
    """Seconds for a COPY of the rows that the append has just written, in one transaction; reading is not timed."""
    rows = {}
    for table in COPIED:
        selected = f"SELECT * FROM {table} WHERE log_index >= {first} AND log_index < {first + batch}"  # noqa: S608
        async with source.cursor() as cursor, cursor.copy(f"COPY ({selected}) TO STDOUT") as copy:
            rows[table] = b"".join([bytes(part) async for part in copy])
    started = time.perf_counter()
    async with target.transaction(), target.cursor() as cursor:
        for table in COPIED:
            async with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                await copy.write(rows[table])
    return time.perf_counter() - started


async def measure(append_url: str, floor_url: str, entries: int, batch: int) -> dict[str, float]:
    database = Database(append_url)
    signing = signer("benchmark/log", Ed25519PrivateKey.generate())
    source = await AsyncConnection.connect(append_url, autocommit=True)
    target = await AsyncConnection.connect(floor_url, autocommit=True)
    append_s: list[float] = []
    floor_s: list[float] = []
    for first in range(0, entries, batch):
        append_s.append(await append_round(database, signing, batch))
        floor_s.append(await floor_round(source, target, first, batch))
    (size,) = await (await source.execute("SELECT pg_total_relation_size('log_entry_p0')")).fetchone() or (0,)
    for connection in (source, target):
        await connection.close()
    await database.close()
    warm = slice(2, None)
    appended, copied = sum(append_s[warm]), sum(floor_s[warm])
    counted = len(append_s[warm]) * batch
    return {
        "entries": counted,
        "batch": batch,
        "append_per_s": round(counted / appended),
        "floor_per_s": round(counted / copied),
        "ratio": round(copied / appended, 3),
        "batch_p50_ms": round(sorted(append_s[warm])[len(append_s[warm]) // 2] * 1000, 1),
        "batch_max_ms": round(max(append_s[warm]) * 1000, 1),
        "bytes_per_entry_with_indexes": round(size / (len(append_s) * batch)),
    }


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """A PostgreSQL of its own with two migrated audit databases; their URLs."""
    folder = Path(tempfile.mkdtemp(prefix="throughgate-bench-"))
    password, port = secrets.token_urlsafe(16), free_port()
    postgres.initialise(folder / "data", password)
    process = subprocess.Popen(
        postgres.command(folder / "data", port), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        admin = postgres.url(port, password)
        if not postgres.wait_until_ready(admin, within=30):
            raise SystemExit("PostgreSQL did not start")
        audit = DATABASES["audit"]
        ensure_roles(admin, dict.fromkeys(audit.roles, password))
        urls = []
        for name in ("audit_append", "audit_floor"):
            ensure_database(admin, audit, name=name)
            migrate(url_for(admin, role=audit.owner, password=password, database=name), audit.package)
            urls.append(url_for(admin, role="audit", password=password, database=name))
        yield urls[0], urls[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=1_024)
    asked = parser.parse_args()
    with server() as (append_url, floor_url):
        print(json.dumps(asyncio.run(measure(append_url, floor_url, asked.entries, asked.batch))))


if __name__ == "__main__":
    main()
