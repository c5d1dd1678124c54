"""What somebody else writes on the topic of the log shows nothing: not unsigned, not altered, not signed by another."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis.clock import now
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


async def _next_turn(pipe: Pipe) -> tuple[str, int]:
    """The log's own stream, and the version whose turn is next in it: the place that a forger would take."""
    async with pipe.outboxes["audit"].session() as session:
        found = await session.execute(text("SELECT key, version + 1 FROM outbox_stream WHERE topic = 'share-log'"))
        key, version = found.one()
        return str(key), int(version)


def _forged(person_id: str, log: str, how: str) -> LogAppendedV1:
    made = MadeLog(name=log, private=Ed25519PrivateKey.generate())
    content = {"release_date": "2031-03-04", "reporting": PLANTED}
    batch = made.batch(made.share(new_id(), person_id=person_id, content=content))
    if how == "unsigned":
        return batch.model_copy(update={"signature": "00" * 64})
    if how == "altered":
        return altered(batch, 0, salt="f" * 32)
    return batch


@pytest.mark.parametrize("how", ["unsigned", "altered", "signed by another"])
async def test_a_planted_entry_shows_nothing_and_the_log_goes_on(pipe: Pipe, how: str) -> None:
    noms = f"P{ord(how[0]):04d}LT"
    answer = await pipe.call("hmp-northgate", "prison", "PUT", f"/people/noms:{noms}", REGISTRATION)
    person_id = answer.json()["person_id"]
    await pipe.settle()
    (projector,) = [each for each in pipe.consumers if tuple(each.topics) == (Topic.SHARE_LOG,)]
    log, version = await _next_turn(pipe)
    forged = _forged(person_id, log, how)
    envelope = Envelope(new_id(), "audit", forged.TYPE, log, now(), version, None)
    await projector.process(
        [Message(Topic.SHARE_LOG, log, envelope, forged.model_dump_json().encode())], asyncio.Event()
    )
    async with projector.database.session() as session:
        taken = text("SELECT version FROM stream_position WHERE (topic, key) = ('share-log', :log)")
        assert await session.scalar(taken, {"log": log}) == version - 1, "it has taken the turn of the true one"
    for agency in (PROBATION, ("police-north", "police"), ("hmp-northgate", "prison")):
        for path in ("/feed?limit=500", f"/people/{person_id}", f"/people/{person_id}/disclosures"):
            answer = await pipe.call(*agency, "GET", path)
            assert PLANTED not in answer.text
            assert answer.status_code < 500
    claim = {"roles": ["offender-manager"], "reference": f"X90{ord(how[0]):04d}"}
    await pipe.call(*PROBATION, "PUT", f"/people/noms:{noms}/involvement", claim)
    await pipe.settle()
    seen = (await pipe.call(*PROBATION, "GET", f"/people/{person_id}")).json()
    assert seen["identity"]["content"]["name"]["family"] == "Ordinary"
