"""The published request as it is, byte by byte: its NHS number fails its check (docs/adr/0014)."""

import json

from tests.integration.gateway.test_fhir import HEALTH, SERVICE, read, refused, resources, soon, speak
from tests.integration.gateway.test_referrals import when
from tests.integration.gateway.world import TRUST, view
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.published import published


async def test_the_untouched_message_goes_in_and_its_wrong_number_is_nobodys(pipe: Pipe) -> None:
    body = {"name": "Psychology", "area": "northshire", "needs": ["trauma"]}
    assert (await pipe.call(*TRUST, "PUT", f"/services/{SERVICE}", body)).status_code in (200, 201)
    message = published("nhs-bars/servicerequest-request.json").read_bytes()
    sent = [each["resource"] for each in json.loads(message)["entry"]]
    (number,) = next(each for each in sent if each["resourceType"] == "Patient")["identifier"]
    answer = await speak(pipe, HEALTH, TRUST[1], message)
    assert answer.status_code == 200, answer.text
    referral = resources(answer.json(), "ServiceRequest")[0]["id"]
    received = await soon(when(pipe, TRUST, referral, state="received", reason=...))
    for agency in (HEALTH, TRUST):
        (patient,) = resources((await read(pipe, agency, TRUST[1], f"Bundle/{referral}")).json(), "Patient")
        (claimed,) = patient["identifier"]
        assert (claimed["system"], claimed["value"]) == (number["system"], number["value"])
        assert "number-present-but-not-traced" in json.dumps(claimed)
        identity = (await view(pipe, agency, received["person_id"])).get("identity", {"content": {}})["content"]
        assert not identity.get("identifiers")
    own = resources((await read(pipe, HEALTH, TRUST[1], f"Bundle/{referral}")).json(), "Patient")[0]
    assert (own["name"][0]["family"], own["birthDate"]) == ("Jones", "1959-05-04")
    lookup = {"identifier": {"scheme": "nhs", "value": number["value"]}}
    problem(await pipe.call(*HEALTH, "POST", "/people/lookup", lookup), 422, "invalid-identifier")
    refused(await speak(pipe, HEALTH, TRUST[1], message), 409, "duplicate-message")
