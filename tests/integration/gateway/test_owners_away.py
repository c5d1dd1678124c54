"""An owner that cannot be asked makes an answer 503: nobody takes what could not be asked for what is not."""

import json
from typing import Any

import pytest

from chassis.http_client import Answer, ServiceClient, UpstreamUnavailable
from chassis.problems import MEDIA_TYPE
from tests.integration.gateway.world import PRISON, TRUST, held, new_number, registration
from tests.support.http import problem
from tests.support.pipe import Pipe

BUSY = {"type": "urn:throughgate:problem:unavailable", "title": "Busy", "status": 503, "code": "unavailable"}


def owner_of(pipe: Pipe, kind: str, name: str) -> ServiceClient:
    """The client by which this kind's gateway asks an owner."""
    (app,) = [route.app for route in pipe.front.routes if getattr(route, "path", "") == f"/{kind}"]  # type: ignore[attr-defined]
    found: ServiceClient = getattr(app.state.owners, name)
    return found


@pytest.fixture(params=["busy", "away"])
def fails(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes an owner answer no GET below a path."""

    def fail(client: ServiceClient, below: str) -> None:
        asked = client.request

        async def failing(method: str, path: str, **more: Any) -> Answer:
            if method != "GET" or not path.startswith(below):
                return await asked(method, path, **more)
            if request.param == "away":
                raise UpstreamUnavailable
            return Answer(503, {"content-type": MEDIA_TYPE, "retry-after": "1"}, json.dumps(BUSY).encode())

        monkeypatch.setattr(client, "request", failing)

    return fail


@pytest.mark.parametrize("owner", ["caseload", "release_notify", "referral"])
async def test_a_view_lacks_nothing_that_an_owner_could_not_say(pipe: Pipe, fails: Any, owner: str) -> None:
    person = await held(pipe, new_number())
    await pipe.settle()
    fails(owner_of(pipe, "prison", owner), "/v1/")
    refused = await pipe.call(*PRISON, "GET", f"/people/{person}")
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True), refused.text
    assert "etag" not in refused.headers


async def test_a_person_is_not_unknown_because_an_owner_is_away(pipe: Pipe, fails: Any) -> None:
    number = new_number()
    made = await pipe.call(*TRUST, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    person = made.json()["person_id"]
    fails(owner_of(pipe, "mental-health", "caseload"), f"/v1/people/{person}")
    assert (await pipe.call(*TRUST, "GET", f"/people/{person}")).status_code == 503


async def test_a_release_is_not_unknown_because_its_owner_is_away(pipe: Pipe, fails: Any) -> None:
    number = new_number()
    person = await held(pipe, number)
    answer = await pipe.call(*PRISON, "GET", f"/people/{person}/release")
    path = f"/releases/{answer.json()['release_id']}/deliveries"
    assert (await pipe.call(*PRISON, "GET", path)).status_code == 200
    fails(owner_of(pipe, "prison", "release_notify"), "/v1/releases/")
    assert (await pipe.call(*PRISON, "GET", path)).status_code == 503


async def test_what_there_is_not_is_unknown_all_the_same(pipe: Pipe) -> None:
    nobody = "01936f2c-7b1a-7c3e-9d40-5a1b2c3d4e5f"
    problem(await pipe.call(*PRISON, "GET", f"/people/{nobody}"), 404, "person-unknown")
    problem(await pipe.call(*PRISON, "GET", f"/releases/{nobody}/deliveries"), 404, "release-unknown")
