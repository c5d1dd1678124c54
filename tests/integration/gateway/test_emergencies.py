"""Emergencies: a pull that lifts a missing involvement, told to its source, reviewed, and taken back."""

from typing import Any

from tests.integration.gateway.world import AUDITOR, PRISON, TRUST, held, new_number, registration
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe

RISK = {"markers": [{"code": "self-harm", "level": "high"}]}
WHY = "Found on a bridge tonight and taken to our place of safety"


async def items(pipe: Pipe, agency: tuple[str, str], person_id: str, type_: str) -> list[dict[str, Any]]:
    return [
        each for each in await pipe.feed(*agency) if each["person_id"] == person_id and each["type"].startswith(type_)
    ]


async def test_an_emergency_request_is_answered_told_to_its_source_reviewed_and_taken_back(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/risk-markers", RISK)
    await pipe.call(*TRUST, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    await pipe.settle()
    asked = {"person": f"noms:{number}", "category": "risk-markers", "justification": WHY}
    problem(await pipe.call(*TRUST, "POST", "/emergency-requests", asked), 403, "member-required")
    answer = await pipe.call(*TRUST, "POST", "/emergency-requests", asked, member="nurse-3")
    assert answer.status_code == 202, answer.text
    own = (await pipe.call(*TRUST, "GET", "/emergency-requests")).json()["items"]
    assert answer.json()["request_id"] in {each["request_id"] for each in own}

    async def seen() -> Any:
        return (await pipe.call(*TRUST, "GET", f"/people/{person_id}")).json().get("risk_markers")

    section = await eventually(seen)
    assert section["basis"] == "vital-interests"
    assert section["content"]["markers"][0]["code"] == "self-harm"
    (notice,) = await eventually(lambda: items(pipe, PRISON, person_id, "emergency.shared"))
    assert notice["category"] == "risk-markers"
    assert "markers" not in notice["content"]

    reviews = (await pipe.call(*AUDITOR, "GET", "/reviews")).json()["items"]
    waiting = next(each for each in reviews if each["share_id"] == section["share_id"])
    assert waiting["justification"] == WHY
    judged = {"outcome": "not-justified", "comment": "The care team was awake and had it already"}
    path = f"/reviews/{section['share_id']}"
    done = await pipe.call(*AUDITOR, "POST", path, judged, member="auditor-1")
    assert done.status_code in (200, 201), done.text

    async def gone() -> bool:
        return await seen() is None

    assert await eventually(gone)
    assert await eventually(lambda: items(pipe, TRUST, person_id, "withdrawn"))
    assert await eventually(lambda: items(pipe, PRISON, person_id, "emergency.not-justified"))


async def test_whom_a_warning_is_about_is_found_by_its_id_and_by_no_number_that_the_warning_did_not_hold(
    pipe: Pipe,
) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    said = {"to": [{"agency": TRUST[0]}], "risk": "suicide", "text": "Spoke of it today", "justification": WHY}
    sent = await pipe.call(*PRISON, "POST", f"/people/{person_id}/warnings", said, member="officer-9")
    assert sent.status_code == 202, sent.text

    async def warned() -> Any:
        return (await pipe.call(*TRUST, "GET", f"/people/{person_id}")).json().get("warnings")

    (warning,) = await eventually(warned, within=60)
    assert number not in str(warning)
    problem(await pipe.call(*TRUST, "GET", f"/people/noms:{number}"), 404, "person-unknown")
