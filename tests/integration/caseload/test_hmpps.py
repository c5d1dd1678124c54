"""Messages of the prison event bus: each does what it says, once."""

import json
from typing import Any

import pytest

from tests.integration.caseload.conftest import World
from tests.support.published import published


def sample(name: str) -> bytes:
    return published(f"hmpps-domain-events/sns-{name}-event.json").read_bytes()


def message(event: str, at: str = "2026-03-01T10:00:00+00:00", **info: Any) -> bytes:
    return json.dumps(
        {
            "eventType": f"prison-offender-events.prisoner.{event}",
            "occurredAt": at,
            "additionalInformation": info,
        }
    ).encode()


def arrival(number: str = "A1234AA", prison: str = "SWI", at: str = "2026-03-01T10:00:00+00:00", **info: Any) -> bytes:
    return message("received", at, **{"nomsNumber": number, "prisonId": prison, "reason": "ADMISSION", **info})


async def send(world: World, raw: bytes, agency: str = "hmpps-national") -> Any:
    return await world.post(agency, "/events", raw=raw)


async def statuses(world: World) -> list[tuple[str, str | None]]:
    return [(each["status"], each["prison"]) for each in await world.events("custody.changed.v1")]


async def test_the_three_published_messages(world: World) -> None:
    answers = [await send(world, sample(name)) for name in ("intake", "recall", "release")]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["event_id"] for answer in answers}) == 3  # two share an SNS MessageId
    assert await statuses(world) == [("received", "hmp-northgate"), ("recalled", "hmp-northgate"), ("released", None)]
    again = [await send(world, sample(name)) for name in ("intake", "recall", "release")]
    assert [each.json() for each in again] == [each.json() for each in answers]
    assert len(await statuses(world)) == 3


async def test_a_message_is_one_message_bare_or_in_its_envelope(world: World) -> None:
    bare = arrival()
    wrapped = json.dumps({"Type": "Notification", "MessageId": "x", "Message": bare.decode()}).encode()
    assert (await send(world, bare)).json() == (await send(world, wrapped)).json()
    assert len(await statuses(world)) == 1


async def test_an_unknown_number_is_registered_by_its_arrival(world: World) -> None:
    await send(world, arrival(), agency="hmp-northgate")
    (found,) = await world.resolve("hmp-northgate", "noms:A1234AA")
    assert found is not None
    assert await world.resolve("hmp-southmoor", "noms:A1234AA") == [None]
    first = await world.put(
        "hmp-northgate",
        "/people/noms:A1234AA",
        {"name": {"family": "Fenwright", "given": "Oswin"}, "date_of_birth": "1991-04-17"},
    )
    assert (first.status_code, first.json()["person_id"]) == (201, found)
    assert len(await statuses(world)) == 1


async def test_a_prison_speaks_for_itself_alone(world: World) -> None:
    answer = await send(world, arrival(prison="MDI"), agency="hmp-northgate")
    assert (answer.status_code, answer.json()["code"]) == (422, "not-your-prison")
    assert (await send(world, arrival(), agency="police-north")).status_code == 403


@pytest.mark.parametrize(
    "reason", ["TRANSFERRED", "SENT_TO_COURT", "RELEASED_TO_HOSPITAL", "TEMPORARY_ABSENCE_RELEASE"]
)
async def test_a_departure_that_is_no_release_moves_nobody(world: World, reason: str) -> None:
    await send(world, arrival())
    gone = message("released", "2026-03-02T10:00:00+00:00", nomsNumber="A1234AA", prisonId="SWI", reason=reason)
    assert (await send(world, gone)).status_code == 202
    assert await statuses(world) == [("received", "hmp-northgate")]


@pytest.mark.parametrize("key", ["nomsNumber", "prisonerId", "offenderNo", "prisonerNumber"])
async def test_the_number_is_found_under_each_of_its_four_names(world: World, key: str) -> None:
    await send(world, message("received", prisonId="SWI", reason="ADMISSION", **{key: "A1234AA"}))
    assert len(await statuses(world)) == 1


async def test_an_arrival_from_another_prison_is_a_transfer(world: World) -> None:
    await send(world, arrival())
    await send(world, arrival(prison="MDI", at="2026-03-02T10:00:00Z", reason="TRANSFERRED"))
    await send(world, arrival(prison="MDI", at="2026-03-03T10:00:00Z", reason="RETURN_FROM_COURT"))
    assert await statuses(world) == [
        ("received", "hmp-northgate"),
        ("transferred", "hmp-southmoor"),
        ("returned", "hmp-southmoor"),
    ]
    assert len({each["custody_id"] for each in await world.events("custody.changed.v1")}) == 1


async def test_a_prison_still_finds_whom_it_received_and_a_prison_that_never_did_does_not(world: World) -> None:
    await send(world, arrival())
    await send(world, arrival(prison="MDI", at="2026-03-02T10:00:00Z", reason="TRANSFERRED"))
    (old,), (new,), (stranger,) = [
        await world.resolve(agency, "noms:A1234AA") for agency in ("hmp-northgate", "hmp-southmoor", "police-north")
    ]
    assert old == new is not None
    assert stranger is None


async def test_an_older_message_changes_nothing(world: World) -> None:
    await send(world, arrival(prison="MDI", at="2026-03-02T10:00:00Z"))
    await send(world, arrival(at="2026-03-01T10:00:00Z"))
    assert await statuses(world) == [("received", "hmp-southmoor")]
    assert await world.rows("SELECT outcome FROM hmpps_message ORDER BY received_at") == [("applied",), ("stale",)]


async def test_a_release_earlier_on_the_day_of_the_registration_applies(world: World) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    gone = message("released", "2026-01-01T11:00:00Z", nomsNumber="A1234AA", prisonId="SWI", reason="RELEASED")
    assert (await send(world, gone)).status_code == 202
    assert await statuses(world) == [("received", "hmp-northgate"), ("released", None)]


async def test_a_moved_booking_takes_along_what_was_told_since_the_registration(world: World) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    await send(world, arrival(at="2026-01-01T10:00:00Z"))
    await send(world, message("booking.moved", movedFromNomsNumber="A1234AA", movedToNomsNumber="B5678BB"))
    (found,) = await world.resolve("hmp-northgate", "noms:B5678BB")
    assert found is not None
    assert (await world.events("custody.changed.v1", found))[-1]["prison"] == "hmp-northgate"
    assert (await statuses(world))[-2:] == [("released", None), ("received", "hmp-northgate")]


async def test_types_that_are_not_used_answer_204(world: World) -> None:
    for raw in (message("case-note.created"), message("sentence-dates-changed", nomsNumber="A1234AA")):
        assert (await send(world, raw)).status_code == 204
    for raw in (b"", b"[]", b"{}", b'{"eventType": "prison-offender-events.prisoner.received"}'):
        assert (await send(world, raw)).status_code == 422


async def test_a_merge_of_two_known_numbers_moves_everything(world: World) -> None:
    kept = await world.register("hmp-northgate", "noms:A1234AA")
    removed = await world.register("probation-north", "noms:B5678BB")
    merged = message("merged", nomsNumber="A1234AA", removedNomsNumber="B5678BB", reason="MERGE")
    await send(world, merged)
    await send(world, merged)
    (event,) = await world.events("person.merged.v1", kept)
    assert (event["kept_id"], event["removed_id"]) == (kept, removed)
    assert await world.resolve("probation-north", "noms:B5678BB", removed, kept) == [kept] * 3


async def test_an_unknown_removed_number_becomes_an_identifier_of_the_kept_one(world: World) -> None:
    kept = await world.register("hmp-northgate", "noms:A1234AA")
    await send(world, message("merged", nomsNumber="A1234AA", removedNomsNumber="B5678BB"))
    assert await world.resolve("hmp-northgate", "noms:B5678BB") == [kept]
    assert await world.events("person.merged.v1") == []


async def test_a_prison_that_holds_neither_merges_nobody(world: World) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    await world.register("police-north", "noms:B5678BB")
    raw = message("merged", nomsNumber="A1234AA", removedNomsNumber="B5678BB")
    assert (await send(world, raw, agency="hmp-southmoor")).status_code == 202
    assert await world.events("person.merged.v1") == []
    assert [each["kind"] for each in (await world.get("operator", "/doubts")).json()["items"]] == ["two-persons"]


async def test_a_moved_booking_takes_custody_to_the_right_person(world: World) -> None:
    await send(world, arrival("A1234AA", at="2026-01-01T10:00:00Z"))
    await send(
        world, message("released", "2026-02-01T10:00:00Z", nomsNumber="A1234AA", prisonId="SWI", reason="RELEASED")
    )
    await send(world, arrival("A1234AA", at="2026-03-01T10:00:00Z"))
    wrong, right = (await world.resolve("hmp-northgate", "noms:A1234AA"))[0], "noms:B5678BB"
    await send(world, message("booking.moved", movedFromNomsNumber="A1234AA", movedToNomsNumber="B5678BB"))
    (found,) = await world.resolve("hmp-northgate", right)
    assert found not in (None, wrong)
    assert (await world.events("custody.changed.v1", wrong))[-1]["status"] == "released"
    assert (await world.events("custody.changed.v1", found))[-1]["prison"] == "hmp-northgate"
    assert await world.resolve("hmp-northgate", "noms:A1234AA") == [wrong], "it held that person before"
