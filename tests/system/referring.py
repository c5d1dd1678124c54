"""Referring at the gateways: what tests of referrals say again and again."""

from typing import Any

from tests.support.eventually import eventually
from tests.system.world import NORTHGATE, Person, World
from throughgate.client import Refused

MOORLAND = "mht-moorland"


async def refer(world: World, person: Person, to: str, *, by: str = NORTHGATE, **more: object) -> str:
    body = {
        "person": f"noms:{person.noms}",
        "to_agency": to,
        "needs": ["mental-health"],
        "reason": "Low in mood since sentence; asks for help before release.",
        "urgency": "routine",
        "statutory": False,
        **more,
    }
    return str((await world.desk(by).post("/referrals", body))["referral_id"])


async def agree(world: World, person: Person, *receivers: str, **more: object) -> None:
    said: dict[str, Any] = {
        "categories": ["identity", "referral", "release-date"],
        "purposes": ["direct-care"],
        "statement": {"id": "referral-leaflet", "version": "1"},
        **more,
    }
    await world.consent(person, *receivers, **said)


async def sees(world: World, agency: str, referral: str, **wanted: object) -> dict[str, Any]:
    """Waits until this side sees the referral so; `...` is anything that is there."""

    async def so() -> dict[str, Any]:
        answer = await world.desk(agency).call("GET", f"/referrals/{referral}")
        assert answer.ok, (agency, answer.status, answer.body)
        found = dict(answer.json())
        for name, value in wanted.items():
            assert found.get(name) if value is ... else found.get(name) == value, found
        return found

    found: dict[str, Any] = await eventually(so, within=30)
    return found


async def act(world: World, agency: str, referral: str, action: str, body: object = None) -> dict[str, Any]:
    """Does this on what the side knows now; if it has learnt something meanwhile, it looks again."""
    desk = world.desk(agency)

    async def done() -> dict[str, Any]:
        etag = (await desk.call("GET", f"/referrals/{referral}")).headers["etag"]
        answer = await desk.call("POST", f"/referrals/{referral}/{action}", body or {}, headers={"if-match": etag})
        assert answer.status != 412
        if not answer.ok:
            raise Refused(answer, action)
        return dict(answer.json())

    found: dict[str, Any] = await eventually(done, within=30)
    return found
