"""Sections, warnings and the register of agencies."""

import pytest

from tests.integration.caseload.conftest import World

MAPPA = {"markers": [{"code": "arson", "level": "high"}], "mappa": {"managed": True, "category": 1, "level": 2}}


async def test_unchanged_content_is_no_new_version(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    path = f"/people/{id_}/sections/accommodation"
    answers = [await world.put("hmp-northgate", path, {"status": status}) for status in ("sought", "sought", "settled")]
    assert [(each.status_code, each.json()["version"]) for each in answers] == [(201, 1), (200, 1), (200, 2)]
    offers = [each for each in await world.events("offer.made.v1", id_) if each["category"] == "accommodation"]
    assert [(each["version"], each["content"]["status"]) for each in offers] == [(1, "sought"), (2, "settled")]
    assert len({each["subject_ref"] for each in offers}) == 1


async def test_mappa_is_a_fact_of_its_own_told_when_it_changes(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    path = f"/people/{id_}/sections/risk-markers"
    await world.put("hmp-northgate", path, MAPPA)
    await world.put("hmp-northgate", path, {**MAPPA, "markers": []})
    await world.put("hmp-northgate", path, {"markers": []})
    told = await world.events("mappa.changed.v1", id_)
    assert [(each["managed"], each["level"]) for each in told] == [(True, 2), (False, None)]


@pytest.mark.parametrize(
    ("agency", "category", "body", "code"),
    [
        ("hmp-northgate", "medication", {"medicines": [], "as_of": "2026-01-01"}, "not-your-category"),
        ("charity-newstart", "licence-conditions", {"conditions": []}, "not-your-category"),
        ("charity-newstart", "risk-markers", MAPPA, "not-mappa-authority"),
        ("hmp-northgate", "risk-markers", {"markers": [], "mappa": {"managed": True}}, "invalid-mappa"),
        ("hmp-northgate", "accommodation", {"status": "a castle"}, "invalid"),
        ("hmp-northgate", "accommodation", {"status": "sought", "colour": "red"}, "invalid"),
    ],
)
async def test_a_section_against_a_rule_is_refused(
    world: World, agency: str, category: str, body: object, code: str
) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.put("charity-newstart", f"/people/{id_}/involvement", {"roles": ["mentor"]})
    answer = await world.put(agency, f"/people/{id_}/sections/{category}", body)
    assert answer.json()["code"] == code
    assert len(await world.rows("SELECT 1 FROM section")) == 0


async def test_an_agency_that_does_not_know_the_person_writes_nothing(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    answer = await world.put("charity-newstart", f"/people/{id_}/sections/accommodation", {"status": "sought"})
    assert answer.status_code == 404
    assert (await world.put("hmp-northgate", f"/people/{id_}/sections/identity", {})).status_code == 404


WARNING = {
    "to": [{"kind": "prison-health"}, {"agency": "police-north"}],
    "risk": "suicide",
    "text": "Said on the phone that tonight is the last night.",
    "justification": "Spoken to a worker an hour ago; nobody else knows.",
}


async def test_a_warning_is_an_addressed_offer_with_its_justification(world: World) -> None:
    id_ = await world.register("charity-newstart", "noms:A1234AA")
    answer = await world.post("charity-newstart", f"/people/{id_}/warnings", WARNING, member="kit")
    assert answer.status_code == 202
    offer = (await world.events("offer.made.v1", id_))[-1]
    assert (offer["category"], offer["subject_ref"]) == ("warning", answer.json()["warning_id"])
    assert offer["content"] == {"risk": "suicide", "text": WARNING["text"]}
    assert offer["emergency"] == {"member": "kit", "justification": WARNING["justification"]}
    assert [(each.get("agency"), each.get("kind")) for each in offer["addressees"]] == [
        (None, "prison-health"),
        ("police-north", None),
    ]


async def test_a_warning_needs_a_member_and_somebody_to_warn(world: World) -> None:
    id_ = await world.register("charity-newstart", "noms:A1234AA")
    path = f"/people/{id_}/warnings"
    assert (await world.post("charity-newstart", path, WARNING)).json()["code"] == "member-required"
    wrong: tuple[dict[str, str], ...] = ({}, {"agency": "nobody"}, {"agency": "police-north", "kind": "police"})
    for to in wrong:
        answer = await world.post("charity-newstart", path, {**WARNING, "to": [to]}, member="kit")
        assert (answer.json()["code"], answer.json()["errors"][0]["pointer"]) == ("invalid-addressee", "/to/0")


async def test_the_register_is_told_once_and_again_only_when_it_changes(world: World) -> None:
    told = await world.events("agency.registered.v1")
    assert len(told) == 17
    riverside = next(each["agency"] for each in told if each["agency_id"] == "mht-riverside")
    assert riverside["contact"]["email"] == "contact@mht-riverside.example"
    assert not {"link_workers", "members"} & set(riverside)
    page = (await world.get("charity-newstart", "/agencies?kind=prison&limit=2")).json()
    assert [each["id"] for each in page["items"]] == ["hmp-northgate", "hmp-southmoor"]
    entry = page["items"][0]
    for name, events in (("HMP Northgate", 17), ("HMP Northgate (Open)", 18), ("HMP Northgate (Open)", 18)):
        answer = await world.put("operator", "/agencies/hmp-northgate", {**entry, "name": name})
        assert answer.status_code == 200, answer.text
        assert len(await world.events("agency.registered.v1")) == events
    assert (await world.put("police-north", "/agencies/hmp-northgate", entry)).status_code == 403
    taken = {**entry, "id": "hmp-other", "codes": {"mdi": "MDI"}}
    assert (await world.put("operator", "/agencies/hmp-other", taken)).json()["code"] == "prison-code-taken"
    bad = {**entry, "kind": "police"}
    assert (await world.put("operator", "/agencies/hmp-northgate", bad)).json()["code"] == "invalid-agency"
