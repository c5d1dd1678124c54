"""Consents, withdrawals and objections over HTTP: who may speak, what is answered, and what it does to shares."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.ids import new_id
from consent.operations.deciding import decide_due
from contracts.caseload import PersonMergedV1
from contracts.codes import Category
from tests.integration.consent.conftest import Callers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import LONG_AGO, ConsentService, offer
from tests.support.http import problem

CHARITY = "charity-newstart"


@pytest.fixture
async def person(service: ConsentService) -> str:
    """Somebody whose date was pushed before anyone agreed to anything; probation and the charity are involved."""
    found = new_id()
    await service.feed(
        offer(found),
        service.involvement(found, "probation-north"),
        service.involvement(found, CHARITY, "claimed"),
        service.involvement(found, "mht-riverside", roles=("mental-health-care",)),
    )
    return found


async def test_a_charity_sees_after_consent_and_loses_it_on_withdrawal_while_probation_keeps_it(
    service: ConsentService, callers: Callers, person: str
) -> None:
    assert await service.visible(CHARITY) == set()
    given = await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    assert given.status_code == 201, given.text
    assert given.json()["state"] == "in-force"
    assert await service.visible(CHARITY) == {("release-date", 1)}
    share = (await service.decisions(CHARITY))[-1]
    assert (share["clause"], share["basis"], share["consent_id"]) == ("3.1", "consent", given.json()["consent_id"])
    assert share["source_sees_recipient"] is False

    withdrawn = await callers.post("mht-riverside", f"/people/{person}/consent-withdrawals")
    assert withdrawn.status_code == 200
    assert list(withdrawn.json()) == ["withdrawn_at"]
    assert await service.visible(CHARITY) == set()
    assert await service.visible("probation-north") == {("release-date", 1)}
    ended = (await service.decisions(CHARITY))[-1]
    assert (ended["reason"], ended["ends"], ended["effect"]) == ("consent-withdrawn", share["share_id"], "withdraw")
    (denial,) = await service.events("share.denied.v1")
    assert (denial["effect"], denial["shares"][0]["share_id"]) == ("withdraw", share["share_id"])
    (event,) = await service.events("consent.withdrawn.v1")
    assert event["shares_ended"] == 1
    (listed,) = (await callers.get("probation-north", f"/people/{person}/consents")).json()["items"]
    assert listed["state"] == "withdrawn"


async def test_a_withdrawal_names_the_older_versions_that_may_still_be_shown(
    service: ConsentService, callers: Callers, person: str
) -> None:
    """While the newest version is in the pipe an older one stands in the view, and nothing else would take it out."""
    for versions in ((2,), (3, 4, 5)):
        await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
        for version in versions:
            await service.feed(offer(person, version=version))
        async with service.database.transaction() as session:
            await session.execute(text("UPDATE share SET basis = 'statutory' WHERE offer_version = 3"))
        await callers.post("probation-north", f"/people/{person}/consent-withdrawals")
    found = {
        one["share_id"]: one["version"] for one in await service.decisions(CHARITY) if one["verdict"] == "permitted"
    }
    denials = [
        (denial["effect"], [found[share["share_id"]] for share in denial["shares"]])
        for denial in await service.events("share.denied.v1")
    ]
    assert denials == [("withdraw", [2, 1]), ("withdraw", [5, 4, 2]), ("end", [3])]


async def test_the_log_hears_the_consent_before_what_it_permits(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    await callers.post("probation-north", f"/people/{person}/consent-withdrawals")
    types = [event["_type"] for event in await service.events()][-5:]
    assert types == [
        "consent.recorded.v1",
        "offer.decided.v1",
        "consent.withdrawn.v1",
        "offer.decided.v1",
        "share.denied.v1",
    ]


async def test_a_renewal_keeps_its_shares_and_only_the_last_ground_counts(
    service: ConsentService, callers: Callers, person: str
) -> None:
    first = (await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))).json()
    second = (await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))).json()
    assert len([one for one in await service.decisions(CHARITY) if one["verdict"] == "permitted"]) == 1
    listed = (await callers.get("probation-north", f"/people/{person}/consents")).json()["items"]
    assert {item["consent_id"]: item["state"] for item in listed} == {
        first["consent_id"]: "superseded",
        second["consent_id"]: "in-force",
    }
    await callers.post("probation-north", f"/people/{person}/consents/{first['consent_id']}/withdrawal")
    assert await service.visible(CHARITY) == {("release-date", 1)}
    await callers.post("probation-north", f"/people/{person}/consents/{second['consent_id']}/withdrawal")
    assert await service.visible(CHARITY) == set()


async def test_a_refusal_takes_back_what_an_earlier_consent_gave(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY, decision="refused"))
    assert await service.visible(CHARITY) == set()
    assert (await service.decisions(CHARITY))[-1]["reason"] == "consent-refused"


async def test_a_withdrawal_of_one_number_beats_what_was_agreed_under_the_other(
    service: ConsentService, callers: Callers, person: str
) -> None:
    other = new_id()
    await service.feed(service.involvement(other, "police-north"))
    await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    await callers.post("police-north", f"/people/{other}/consent-withdrawals")
    assert await service.visible(CHARITY) == {("release-date", 1)}
    await service.feed(PersonMergedV1(merge_id="merge-1", kept_id=person, removed_id=other, at=LONG_AGO))
    assert await service.visible(CHARITY) == set()


async def test_a_consent_typed_in_after_the_withdrawal_but_given_before_it_is_beaten(
    service: ConsentService, callers: Callers, person: str
) -> None:
    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    await callers.post("probation-north", f"/people/{person}/consent-withdrawals")
    for said in (consent_body(CHARITY, given_at=yesterday), consent_body(CHARITY, valid_from=yesterday)):
        late = await callers.post("probation-north", f"/people/{person}/consents", said)
        assert late.json()["state"] == "withdrawn"
    assert await service.visible(CHARITY) == set()
    await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    assert await service.visible(CHARITY) == {("release-date", 1)}


async def test_an_objection_stops_what_yields_to_one_and_nothing_else(
    service: ConsentService, callers: Callers, person: str
) -> None:
    assert await service.visible("mht-riverside") == {("release-date", 1)}
    scope = {"categories": ["release-date"], "recipients": [{"kind": "mental-health"}], "purposes": ["direct-care"]}
    objected = await callers.post("probation-north", f"/people/{person}/objections", scope)
    assert objected.status_code == 201
    assert objected.json().items() >= (scope | {"state": "in-force"}).items()
    assert await service.visible("mht-riverside") == set()
    assert await service.visible("probation-north") == {("release-date", 1)}
    assert (await service.decisions("mht-riverside"))[-1]["reason"] == "objection"


@pytest.mark.parametrize("decision", ["given", "refused"])
async def test_an_objection_is_one_whatever_its_decision_and_one_that_names_nothing_is_to_all_of_it(
    service: ConsentService, callers: Callers, person: str, decision: str
) -> None:
    assert await service.visible("mht-riverside") == {("release-date", 1)}
    objected = await callers.post("probation-north", f"/people/{person}/objections", {"decision": decision})
    assert objected.status_code == 201
    assert not {"categories", "recipients", "purposes"} & objected.json().keys()
    assert await service.visible("mht-riverside") == set()


async def test_a_consent_that_begins_and_ends_by_itself(service: ConsentService, callers: Callers, person: str) -> None:
    later, end = clock.now() + timedelta(days=2), clock.now() + timedelta(days=4)
    body = consent_body(CHARITY, valid_from=later.isoformat(), valid_until=end.isoformat())
    await callers.post("probation-north", f"/people/{person}/consents", body)
    assert await service.visible(CHARITY) == set()
    for moment, seen in ((later, {("release-date", 1)}), (end, set())):
        async with service.database.transaction() as session:
            assert await decide_due(session, now=moment) == 1
        assert await service.visible(CHARITY) == seen
    assert (await service.decisions(CHARITY))[-1]["reason"] == "consent-expired"


async def test_whoever_is_not_involved_hears_of_nobody(callers: Callers, person: str) -> None:
    for path, body in (
        ("consents", consent_body(CHARITY)),
        ("consent-withdrawals", {}),
        ("objections", {"categories": ["identity"]}),
        (f"consents/{new_id()}/withdrawal", {}),
    ):
        problem(await callers.post("police-north", f"/people/{person}/{path}", body), 404, "person-not-found")
        problem(await callers.post("police-north", f"/people/{new_id()}/{path}", body), 404, "person-not-found")
    problem(await callers.get("police-north", f"/people/{person}/consents"), 404, "person-not-found")


async def test_an_agency_sees_its_own_part_of_what_it_relies_on(callers: Callers, person: str) -> None:
    body = consent_body(CHARITY, "das-riverside", evidence_ref="form 7")
    await callers.post("probation-north", f"/people/{person}/consents", body)
    (seen,) = (await callers.get(CHARITY, f"/people/{person}/consents")).json()["items"]
    assert seen["recipients"] == [{"agency": CHARITY}]
    assert "recorded_by" not in seen
    assert "evidence_ref" not in seen
    assert (await callers.get("mht-riverside", f"/people/{person}/consents")).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"has_capacity": False}, "no-capacity", "/has_capacity"),
        ({"valid_until": "2020-01-01"}, "valid-until-not-after-valid-from", "/valid_until"),
        ({"valid_until": (clock.now() + timedelta(days=400)).isoformat()}, "valid-too-long", "/valid_until"),
        (
            {"statement": {"id": "mental-health-treatment-requirement", "version": "1"}, "how": "electronic"},
            "written-consent-required",
            "/how",
        ),
        ({"recipients": [{"agency": "charity-unheard-of"}]}, "agency-not-registered", "/recipients/0/agency"),
        ({"given_at": (clock.now() + timedelta(days=2)).isoformat()}, "given-in-future", "/given_at"),
    ],
)
async def test_a_consent_against_a_rule_is_refused_by_name(
    callers: Callers, person: str, changes: dict[str, object], code: str, pointer: str
) -> None:
    answer = await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY, **changes))
    assert problem(answer, 422, code)["errors"][0]["pointer"] == pointer


async def test_a_bare_day_is_a_day_and_a_time_without_an_offset_is_refused_at_its_field(
    callers: Callers, person: str
) -> None:
    path, day = f"/people/{person}/consents", (clock.now() + timedelta(days=90)).date().isoformat()
    for field in ("valid_from", "valid_until"):
        for time in ("T00:00:00", "T09:30:00", " 00:00"):
            body = consent_body(CHARITY, **{"valid_until": day, field: day + time})
            refused = problem(await callers.post("probation-north", path, body), 422, "invalid")
            assert {each["pointer"] for each in refused["errors"]} == {f"/{field}"}
    given = await callers.post("probation-north", path, consent_body(CHARITY, valid_until=day))
    assert given.status_code == 201, given.text


async def test_valid_until_is_required(callers: Callers, person: str) -> None:
    body = consent_body(CHARITY, valid_until=None)
    answer = await callers.post("probation-north", f"/people/{person}/consents", body)
    assert answer.status_code == 422


async def test_a_recorder_that_names_itself_is_flagged(service: ConsentService, callers: Callers, person: str) -> None:
    answer = await callers.post(CHARITY, f"/people/{person}/consents", consent_body(CHARITY))
    assert answer.json()["flagged"] == ["recorder-is-recipient"]
    (event,) = await service.events("consent.recorded.v1")
    assert event["flagged"] == ["recorder-is-recipient"]


async def test_a_consent_covers_only_what_it_names(service: ConsentService, callers: Callers, person: str) -> None:
    body = consent_body("das-riverside")
    await callers.post("probation-north", f"/people/{person}/consents", body)
    assert (await service.decisions(CHARITY))[-1]["reason"] == "consent-does-not-cover"
    body = consent_body(CHARITY, categories=["identity"])
    await callers.post("probation-north", f"/people/{person}/consents", body)
    assert await service.visible(CHARITY) == set()
    await service.feed(offer(person, category=Category.IDENTITY, content={"name": {"family": "A", "given": "B"}}))
    assert await service.visible(CHARITY) == {("identity", 1)}
