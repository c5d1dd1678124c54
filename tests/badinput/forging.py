"""What somebody may write on the log's topic who has all but its key, and what two agencies are shown meanwhile."""

from typing import Any

from sqlalchemy import text

from contracts.log import LogAppendedV1
from tests.badinput.gateways import AGENCIES, NOMS, join
from tests.support.pipe import Pipe
from tests.support.sharelog import MadeLog

TOLD, STRANGER = "probation", "police"
DAY = "2031-03-04"
_LAST = text("SELECT body FROM outbox WHERE topic = 'share-log' ORDER BY version DESC LIMIT 1")


async def told_of(pipe: Pipe) -> str:
    """The id of a person of whom probation is told a date, and the police nothing."""
    await join(pipe, "prison")
    claim = {"roles": ["offender-manager"], "reference": "X900001"}
    path, push = f"/people/noms:{NOMS}", {"date": DAY, "status": "confirmed", "reason": "recalculation"}
    for kind, to, body in ((TOLD, "/involvement", claim), ("prison", "/release-dates/CRD", push)):
        await pipe.settle()
        answer = await pipe.call(AGENCIES[kind], kind, "PUT", path + to, body)
        assert answer.is_success, answer.text
    await pipe.settle()
    found = await pipe.call(AGENCIES["prison"], "prison", "GET", path)
    return str(found.json()["person_id"])


async def seen_by_both(pipe: Pipe, person_id: str) -> list[tuple[int, Any]]:
    """Feed and view, of who is told of the person and of a stranger."""
    answers = [
        await pipe.call(AGENCIES[kind], kind, "GET", path)
        for kind in (TOLD, STRANGER)
        for path in ("/feed?limit=500", f"/people/{person_id}")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
    assert DAY in answers[0].text
    assert DAY in answers[1].text
    return [(answer.status_code, answer.json()) for answer in answers]


async def forgery(pipe: Pipe, person_id: str) -> LogAppendedV1:
    """The log's next batch, were it the log's: another date for both, under its key's name and by another key."""
    async with pipe.outboxes["audit"].session() as session:
        last = LogAppendedV1.model_validate_json(bytes((await session.execute(_LAST)).scalar_one()))
    made, content = MadeLog(name=last.log, size=last.size), {"release_date": "2032-05-06"}
    entries = [
        made.share(
            f"forged-{kind}", person_id=person_id, content=content, recipient=AGENCIES[kind], recipient_kind=kind
        )
        for kind in (TOLD, STRANGER)
    ]
    return made.batch(*entries).model_copy(update={"key_id": last.key_id})
