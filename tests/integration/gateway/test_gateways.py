"""The gateways themselves: which kind may call, what is refused, what is recorded."""

import json

from contracts.codes import AgencyKind
from contracts.http.gateway import Reconciliation
from tests.integration.gateway.world import AUDITOR, CHARITY, CONSENT, POLICE, PRISON, PROBATION, held, join, new_number
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS


async def test_a_gateway_serves_its_own_kind_of_agency_alone(pipe: Pipe) -> None:
    sent = TOKENS.headers("hmp-northgate", "prison")
    problem(await pipe.http.get("/probation/v1/feed", headers=sent), 403, "wrong-gateway")
    problem(await pipe.http.get("/auditor/v1/shares", headers=sent), 403, "wrong-gateway")
    few = TOKENS.headers("hmp-northgate", "prison", scopes=[])
    problem(await pipe.http.get("/probation/v1/feed", headers=few), 403, "wrong-gateway")
    problem(await pipe.http.get("/prison/v1/feed", headers=few), 403, "insufficient-scope")
    problem(await pipe.http.get("/prison/v1/feed"), 401, "unauthorized")
    assert (await pipe.http.get("/operator/v1/me", headers=sent)).status_code == 404


async def test_each_kind_has_its_own_document_and_health(pipe: Pipe) -> None:
    paths = {}
    assert (await pipe.http.get(f"/{AgencyKind.OPERATOR}/v1/openapi.json")).status_code == 404
    for kind in (AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.COURT, AgencyKind.AUDITOR):
        answer = await pipe.http.get(f"/{kind}/v1/openapi.json")
        paths[kind] = set(answer.json()["paths"])
        for path in ("/health/liveness", "/health/readiness", "/info", "/docs"):
            assert (await pipe.http.get(f"/{kind}{path}")).status_code == 200, (kind, path)
    assert (await pipe.http.get("/health/readiness")).status_code == 200
    assert "/v1/release-dates/bulk" in paths[AgencyKind.PRISON]
    assert "/v1/release-dates/bulk" not in paths[AgencyKind.PROBATION]
    assert "/v1/shares" in paths[AgencyKind.AUDITOR]
    assert "/v1/feed" not in paths[AgencyKind.AUDITOR]
    assert paths[AgencyKind.PROBATION] - paths[AgencyKind.COURT] == {
        *("/v1/unaccepted", "/v1/monitoring", "/v1/people/{person}/screening-requests"),
        *("/v1/screening-requests", "/v1/screening-requests/{screening_id}"),
    }
    assert paths[AgencyKind.COURT] <= paths[AgencyKind.PROBATION]


async def test_looking_is_recorded_before_the_answer_goes_out(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await pipe.call(*PRISON, "GET", f"/people/{person_id}", member="officer-7")
    await pipe.call(*PRISON, "GET", f"/people/{person_id}/release-dates", member="officer-7")
    await pipe.call(*PRISON, "GET", f"/people/{person_id}/involvement", member="officer-7")
    release = (await pipe.call(*PRISON, "GET", f"/people/{person_id}/release", member="officer-7")).json()
    await pipe.call(*PRISON, "GET", f"/releases/{release['release_id']}/deliveries", member="officer-7")
    looked_at = {
        *("/v1/people/{person}", "/v1/people/{person}/release-dates", "/v1/people/{person}/involvement"),
        *("/v1/people/{person}/release", "/v1/releases/{release_id}/deliveries"),
    }

    async def looks() -> list[tuple[str, str]]:
        answer = await pipe.call(*AUDITOR, "GET", "/accesses", params={"person_id": person_id, "agency": PRISON[0]})
        found = [(each["route"], each["member"]) for each in answer.json()["items"]]
        return found if len(found) == len(looked_at) else []

    assert set(await eventually(looks)) == {(route, "officer-7") for route in looked_at}


async def test_feeds_reconcile_with_the_log(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    await join(pipe, PROBATION, number)

    async def reconciled() -> bool:
        answer = await pipe.call(*AUDITOR, "GET", "/reconciliation")
        found = Reconciliation.model_validate_json(answer.content)
        assert PROBATION[0] in {each.agency for each in found.items}
        return not any(each.missing for each in found.items)

    await eventually(reconciled)


async def test_an_etag_saves_a_view_from_being_sent_again(pipe: Pipe) -> None:
    person_id = await held(pipe, new_number())
    await pipe.settle()
    first = await pipe.call(*PRISON, "GET", f"/people/{person_id}")
    again = await pipe.call(*PRISON, "GET", f"/people/{person_id}", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_commands_without_a_key_a_member_or_the_right_form_are_refused(pipe: Pipe) -> None:
    person_id = await held(pipe, new_number())
    sent = TOKENS.headers(*PRISON)
    keyless = await pipe.http.post(f"/prison/v1/people/{person_id}/consents", headers=sent, json=CONSENT)
    problem(keyless, 400, "idempotency-key-missing")
    emergency = {
        "person": person_id,
        "category": "medication",
        "justification": "He was found unwell in the street",
    }
    problem(await pipe.call(*PRISON, "POST", "/emergency-requests", emergency), 403, "member-required")
    section = {"status": "palace", "favourite": "Oswin"}
    found = problem(
        await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/accommodation", section), 422, "invalid"
    )
    assert "/status" in {each.get("pointer") for each in found["errors"]}
    assert "Oswin" not in json.dumps(found)
    assert "palace" not in json.dumps(found)
    assert (await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/identity", {})).status_code == 404
    problem(await pipe.call(*PRISON, "GET", "/people/noms:A9999ZZ"), 404, "person-unknown")
    problem(await pipe.call(*PRISON, "GET", "/reference-data/gossip"), 404, "set-unknown")


async def test_lookups_are_for_every_kind(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    lookup = {"identifier": {"scheme": "noms", "value": number}}
    for agency in (PRISON, AUDITOR):
        answer = await pipe.call(*agency, "POST", "/people/lookup", lookup)
        assert answer.json() == {"person_id": person_id}, answer.text
        assert (await pipe.call(*agency, "GET", "/me")).json()["agency"]["id"] == agency[0]
        assert len((await pipe.call(*agency, "GET", "/agencies", params={"kind": "prison"})).json()["items"]) == 3
        codes = (await pipe.call(*agency, "GET", "/reference-data/date-types")).json()["items"]
        assert "CRD" in {each["code"] for each in codes}
    assert (await pipe.call(*CHARITY, "POST", "/people/lookup", lookup)).status_code == 404
    listed = await pipe.call(*PRISON, "GET", "/agencies", params={"limit": 1})
    follow = listed.headers["link"].split(">")[0].removeprefix("<")
    assert follow.startswith("?")
    assert (await pipe.call(*PRISON, "GET", f"/agencies{follow}")).status_code == 200


async def test_a_cursor_of_a_list_that_the_gateway_makes_is_worth_nothing_to_others(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await join(pipe, POLICE, number, role="iom-team")
    path = f"/people/{person}/disclosures"

    async def more() -> str | None:
        answer = await pipe.call(*PRISON, "GET", path, params={"limit": 1})
        return str(found) if (found := answer.json()["next"]) else None

    cursor = str(await eventually(more, within=30))
    assert (await pipe.call(*PRISON, "GET", path, params={"cursor": cursor})).status_code == 200
    for thief in (PROBATION, POLICE):
        problem(await pipe.call(*thief, "GET", path, params={"cursor": cursor}), 422, "cursor-invalid")
