"""What somebody else writes on the topic of the log shows nothing and holds nothing up: not unsigned, not altered, not
signed by another, and not what the log did sign, sent again in a turn that is not its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis.clock import now
from chassis.consumer import Consumer
from chassis.ids import new_id
from chassis.stream import Message
from contracts.envelope import Envelope
from contracts.log import LogAppendedV1
from contracts.topics import Topic
from tests.isolation.calls import REGISTRATION
from tests.support.pipe import Pipe
from tests.support.sharelog import MadeLog, altered

PLANTED = "Zqfffffe"
PROBATION = ("probation-north", "probation")
ASKING = (PROBATION, ("police-north", "police"), ("hmp-northgate", "prison"))


async def _next_turn(pipe: Pipe) -> tuple[str, int]:
    """The log's own stream, and the version whose turn is next in it: the place that a forger would take."""
    async with pipe.outboxes["audit"].session() as session:
        found = await session.execute(text("SELECT key, version + 1 FROM outbox_stream WHERE topic = 'share-log'"))
        key, version = found.one()
        return str(key), int(version)


async def _signed(pipe: Pipe) -> LogAppendedV1:
    """A batch that the log did sign and send: the latest one of several entries that travel with content."""
    async with pipe.outboxes["audit"].session() as session:
        bodies = await session.scalars(text("SELECT body FROM outbox WHERE topic = 'share-log' ORDER BY version DESC"))
        sent = [LogAppendedV1.model_validate_json(bytes(body)) for body in bodies]
    return next(batch for batch in sent if len(batch.entries) > 1 and any(each.detail for each in batch.entries))


def _forged(person_id: str, log: str, how: str) -> LogAppendedV1:
    made = MadeLog(name=log, private=Ed25519PrivateKey.generate())
    content = {"release_date": "2031-03-04", "reporting": PLANTED}
    batch = made.batch(made.share(new_id(), person_id=person_id, content=content))
    if how == "unsigned":
        return batch.model_copy(update={"signature": "00" * 64})
    if how == "altered":
        return altered(batch, 0, salt="f" * 32)
    return batch


def _moved(batch: LogAppendedV1) -> LogAppendedV1:
    """To the end of the log, as if it came next."""
    length = len(batch.entries)
    entries = tuple(entry.model_copy(update={"index": entry.index + length}) for entry in batch.entries)
    return batch.model_copy(
        update={"first_index": batch.size, "size": batch.size + length, "entries": entries},
    )


def _with_another_entry(batch: LogAppendedV1) -> LogAppendedV1:
    """One entry is the forger's own, whole and well-formed."""
    made = MadeLog(name=batch.log, size=batch.first_index)
    entry = made.share(new_id(), content={"release_date": "2031-03-04", "reporting": PLANTED})
    return batch.model_copy(update={"entries": (entry, *batch.entries[1:])})


OF_THE_LOG_S_OWN: dict[str, tuple[str, Callable[[LogAppendedV1], LogAppendedV1]]] = {
    "as it was": ("turn", lambda batch: batch),
    "without its turn": ("turn", lambda batch: batch.model_copy(update={"turn_signature": None})),
    "with its signature for its turn": (
        "turn",
        lambda batch: batch.model_copy(update={"turn_signature": batch.signature}),
    ),
    "with another entry": ("signature", _with_another_entry),
    "in another order": ("signature", lambda batch: batch.model_copy(update={"entries": batch.entries[::-1]})),
    "without an entry": ("signature", lambda batch: batch.model_copy(update={"entries": batch.entries[:-1]})),
    "at another index": ("signature", _moved),
}
"""What is made of a batch that the log signed, and what the projector misses in it."""


def _projector(pipe: Pipe) -> Consumer:
    (found,) = [each for each in pipe.consumers if tuple(each.topics) == (Topic.SHARE_LOG,)]
    return found


async def _plant(pipe: Pipe, log: str, version: int, batch: LogAppendedV1) -> None:
    envelope = Envelope(new_id(), "audit", batch.TYPE, log, now(), version, None)
    message = Message(Topic.SHARE_LOG, log, envelope, batch.model_dump_json().encode())
    await _projector(pipe).process([message], asyncio.Event())


async def _stands(pipe: Pipe, log: str) -> tuple[int, int]:
    """How far the log's stream was taken, and how many messages wait in it."""
    async with _projector(pipe).database.session() as session:
        taken = text("SELECT version FROM stream_position WHERE (topic, key) = ('share-log', :log)")
        waiting = text("SELECT count(*) FROM waiting WHERE (topic, key) = ('share-log', :log)")
        return int(await session.scalar(taken, {"log": log})), int(await session.scalar(waiting, {"log": log}))


async def _met(pipe: Pipe, noms: str) -> str:
    answer = await pipe.call("hmp-northgate", "prison", "PUT", f"/people/noms:{noms}", REGISTRATION)
    await pipe.settle()
    return str(answer.json()["person_id"])


async def _goes_on(pipe: Pipe, noms: str, person_id: str) -> None:
    """What is decided next is shown."""
    claim = {"roles": ["offender-manager"], "reference": f"X9{noms[1:5]}0"}
    await pipe.call(*PROBATION, "PUT", f"/people/noms:{noms}/involvement", claim)
    await pipe.settle()
    seen = (await pipe.call(*PROBATION, "GET", f"/people/{person_id}")).json()
    assert seen["identity"]["content"]["name"]["family"] == "Ordinary"


async def _shown(pipe: Pipe, person_id: str) -> list[tuple[int, Any]]:
    answers = [
        await pipe.call(*agency, "GET", path)
        for agency in ASKING
        for path in ("/feed?limit=500", f"/people/{person_id}", f"/people/{person_id}/disclosures")
    ]
    assert not [answer.text for answer in answers if answer.status_code >= 500 or PLANTED in answer.text]
    return [(answer.status_code, answer.json()) for answer in answers]


@pytest.mark.parametrize("how", ["unsigned", "altered", "signed by another"])
async def test_a_planted_entry_shows_nothing_and_the_log_goes_on(pipe: Pipe, how: str) -> None:
    noms = f"P{ord(how[0]):04d}LT"
    person_id = await _met(pipe, noms)
    log, version = await _next_turn(pipe)
    await _plant(pipe, log, version, _forged(person_id, log, how))
    assert await _stands(pipe, log) == (version - 1, 0), "it has taken the turn of the true one"
    await _shown(pipe, person_id)
    await _goes_on(pipe, noms, person_id)


@pytest.mark.parametrize("how", OF_THE_LOG_S_OWN)
async def test_what_the_log_signed_takes_no_turn_but_its_own(pipe: Pipe, how: str) -> None:
    noms = f"P{1000 + list(OF_THE_LOG_S_OWN).index(how)}LS"
    person_id = await _met(pipe, noms)
    log, version = await _next_turn(pipe)
    why, made = OF_THE_LOG_S_OWN[how]
    before, doubted = await _shown(pipe, person_id), _doubted(why)
    for turn in (version, version + 1, version + 7):
        await _plant(pipe, log, turn, made(await _signed(pipe)))
    assert await _stands(pipe, log) == (version - 1, 0), "it has taken a turn, or waits for one"
    assert _doubted(why) == doubted + 3
    assert await _shown(pipe, person_id) == before
    await _goes_on(pipe, noms, person_id)


def _doubted(why: str) -> float:
    return REGISTRY.get_sample_value("throughgate_projector_doubted_total", {"why": why}) or 0


async def test_what_comes_again_in_its_own_turn_is_seen_and_not_doubted(pipe: Pipe) -> None:
    """As after a restart, and in a replay."""
    person_id = await _met(pipe, "P2000LS")
    log, version = await _next_turn(pipe)
    async with pipe.outboxes["audit"].session() as session:
        rows = await session.execute(text("SELECT version, body FROM outbox WHERE topic = 'share-log' ORDER BY id"))
        sent = [(row.version, LogAppendedV1.model_validate_json(bytes(row.body))) for row in rows]
    before, doubted = await _shown(pipe, person_id), _doubted("turn") + _doubted("signature")
    for turn, batch in sent[-5:]:
        await _plant(pipe, log, turn, batch)
    assert _doubted("turn") + _doubted("signature") == doubted
    assert await _stands(pipe, log) == (version - 1, 0)
    assert await _shown(pipe, person_id) == before
