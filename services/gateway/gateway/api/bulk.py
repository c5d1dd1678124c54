"""Release dates in bulk: NDJSON in, spooled to disk, then NDJSON out, a result per line in order, in flat memory.

The owner gets chunks of at most 1,000 lines, each under a key made of the request's own, so that a retry of the request
answers finished chunks from the first try. A bad line stops no other.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import IO, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from chassis import clock, logging
from chassis.auth import require, token_of
from chassis.backoff import backoff
from chassis.http import BULK_BODY_LIMIT
from chassis.http_client import Answer, ServiceClient, UpstreamUnavailable
from chassis.idempotency import REPLAYED, KeyDep, KeyReused
from chassis.media_type import ensure_media_type
from contracts.codes import Scope
from contracts.http.caseload import BulkRegistered, BulkRegistrationsAnswer
from contracts.http.gateway import BulkResult
from contracts.http.release import BatchAnswer
from gateway.api.caller import Caller, CallerDep
from gateway.domain.bulk import MAX_LINE_BYTES, Bad, Good, Line, chunks, persons_of, read_line, rejected
from gateway.operations.bulk import kept_chunk, remember_bulk, remember_chunk

NDJSON = "application/x-ndjson"
IN_MEMORY = 1024 * 1024
CHUNK_SECONDS = 120.0
PATIENCE_SECONDS = 300.0
"""How long an owner is asked again while it cannot answer; then the lines that are left are rejected."""

router = APIRouter(prefix="/v1", tags=["release dates"], dependencies=[require(Scope.PUSH)])
log = logging.get(__name__)


class OwnerRefused(Exception):
    """An owner does not take a chunk; `code` and `detail` are its own."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@router.post(
    "/release-dates/bulk",
    max_body_size=BULK_BODY_LIMIT,
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {"schema": BulkResult.model_json_schema()}}}},
)
async def bulk(caller: CallerDep, idempotency_key: KeyDep) -> StreamingResponse:
    """Push many release dates: a line of NDJSON each, and one result per line in the same order.

    With a key that was sent before, finished lines are answered from the first try: `Idempotency-Replayed: true`.
    """
    ensure_media_type(caller.request, NDJSON, "application/ndjson", "application/jsonl")
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when the answer has gone out
    try:
        digest = hashlib.sha256()
        async for piece in caller.request.stream():
            digest.update(piece)
            spool.write(piece)
        spool.seek(0)
        async with caller.asking() as session:
            kept = await remember_bulk(
                session, agency=caller.agency, key=idempotency_key, digest=digest.hexdigest(), now=clock.now()
            )
        if kept not in (None, digest.hexdigest()):
            raise KeyReused
    except BaseException:
        spool.close()
        raise
    headers = {REPLAYED: "true"} if kept else None
    return StreamingResponse(_results(caller, spool, idempotency_key), headers=headers, media_type=NDJSON)


async def _results(caller: Caller, spool: IO[bytes], key: str) -> AsyncIterator[bytes]:
    lost: OwnerRefused | None = None
    try:
        for number, chunk in enumerate(chunks(_lines(spool))):
            if lost is None:
                try:
                    done = await _chunk(caller, chunk, key, number)
                except OwnerRefused as error:
                    done = _all_rejected(chunk, error)
                    lost = error if error.code == UpstreamUnavailable().code else None
            else:
                done = _all_rejected(chunk, lost)
            yield b"".join(f"{result.model_dump_json(exclude_none=True)}\n".encode() for result in done)
    finally:
        spool.close()


def _lines(spool: IO[bytes]) -> Iterator[Line]:
    number = 0
    while raw := spool.readline(MAX_LINE_BYTES + 2):
        number += 1
        rest = raw
        while len(rest) == MAX_LINE_BYTES + 2 and not rest.endswith(b"\n"):
            rest = spool.readline(MAX_LINE_BYTES + 2)
        if (line := read_line(number, raw)) is not None:
            yield line


async def _chunk(caller: Caller, lines: Sequence[Line], key: str, number: int) -> list[BulkResult]:
    results = {line.number: rejected(line) for line in lines if isinstance(line, Bad)}
    good = [line for line in lines if isinstance(line, Good)]
    known: list[tuple[Good, BulkRegistered]] = []
    if good:
        for line, person in zip(good, await _people(caller, good, key, number), strict=True):
            if person.person_id is None:
                bad = Bad(line.number, person.code or "person-unknown", person.detail or "")
                results[line.number] = rejected(bad)
            else:
                known.append((line, person))
    if known:
        body = {"lines": [_batch_line(line, person) for line, person in known]}
        part = f"{hashlib.sha256(key.encode()).hexdigest()}:{number}"
        answer = await _call(caller, caller.owners.release_notify, "/v1/release-dates/batch", body, part)
        for result in BatchAnswer.model_validate_json(answer.body).results:
            results[result.line] = BulkResult.model_validate(result.model_dump())
    return [results[line.number] for line in lines]


async def _people(caller: Caller, lines: Sequence[Good], key: str, number: int) -> list[BulkRegistered]:
    """The person of each line, registered if need be; in a retry those that the first try found."""
    asked: dict[str, Any] = {"agency": caller.agency, "key": key, "number": number}
    async with caller.asking() as session:
        kept = await kept_chunk(session, **asked)
    if kept is None:
        people = persons_of(lines)
        answer = await _call(
            caller, caller.owners.caseload, "/v1/people/bulk-registrations", {"people": people}, f"people:{number}"
        )
        async with caller.asking() as session:
            kept = await remember_chunk(session, **asked, people=answer.body.decode(), now=clock.now())
    return BulkRegistrationsAnswer.model_validate_json(kept).items


def _batch_line(line: Good, person: BulkRegistered) -> dict[str, Any]:
    said = line.body.model_dump(include={"date_type", "date", "status", "reason", "sequence"}, exclude_unset=True)
    return {"line": line.number, "person_id": person.person_id, "after": person.version, **said}


async def _call(caller: Caller, owner: ServiceClient, path: str, body: Any, key: str) -> Answer:
    """The owner's answer to a chunk, asked again with the same key while it cannot answer. Raises OwnerRefused."""
    token = token_of(caller.request)
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    failures = 0
    while True:
        try:
            answer = await owner.request(
                "POST", path, token=token, body=body, headers={"idempotency-key": key}, timeout_s=CHUNK_SECONDS
            )
        except UpstreamUnavailable:
            answer = None
        if answer is not None and answer.ok:
            return answer
        if answer is not None and answer.status < 500 and answer.status not in (409, 429):
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise OwnerRefused(str(problem.get("code", "rejected")), str(problem.get("detail", "")))
        failures += 1
        if asyncio.get_running_loop().time() > until:
            break
        await asyncio.sleep(backoff(failures, top=5.0))
    log.warning("bulk.owner_unavailable", agency=caller.agency, attempts=failures)
    lost = UpstreamUnavailable()
    raise OwnerRefused(lost.code, "ask again with the same Idempotency-Key")


def _all_rejected(lines: Sequence[Line], error: OwnerRefused) -> list[BulkResult]:
    return [rejected(line if isinstance(line, Bad) else Bad(line.number, error.code, error.detail)) for line in lines]
