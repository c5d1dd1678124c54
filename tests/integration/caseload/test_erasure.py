"""Erasing a person: everything of all their ids goes, nobody else's does, and nothing late brings them back."""

from caseload.models import Table
from caseload.operations.erasure import OF_PERSON
from chassis import clock
from chassis.ids import new_id
from contracts.caseload import PersonErasedV1
from contracts.codes import ReferralAction, ReferralRole, ReferralState
from contracts.referral import ReferralStateChangedV1
from tests.integration.caseload.conftest import World, person
from tests.support.traces import traces
from tests.support.unanswered import sent_in_bulk, unanswered

NAMES = {"family": "Zebedee", "given": "Quillon"}
ADDRESS = {"status": "settled", "address": {"lines": ["Mulberry Folly"]}, "support": "Marrowby"}
WARNING = {
    "to": [{"agency": "probation-north"}],
    "risk": "suicide",
    "text": "Oxlipped",
    "justification": "Vetchling rang us just now.",
}
WORDS = ("Zebedee", "Quillon", "Mulberry", "Marrowby", "Oxlipped", "Vetchling", "A1234AA", "2012/0052494Q", "X123456")
BY_THEMSELVES = ("outbox", "idempotency_record")
"""Gone after 7 days and after 48 hours (chassis.relay, chassis.idempotency)."""


async def marked(world: World) -> tuple[str, str]:
    """A person under two ids, merged, of whom everything was written."""
    kept = await world.register("hmp-northgate", "noms:A1234AA", name=NAMES)
    removed = await world.register("police-north", "pnc:2012-0052494Q", name=NAMES)
    claim = {"roles": ["mentor"], "reason": "Marrowby", "reference": "Oxlipped"}
    assert (await world.put("charity-newstart", f"/people/{removed}/involvement", claim)).status_code == 201
    numbers = [{"scheme": "noms", "value": "A1234AA"}]
    assert await world.register("probation-north", "crn:X123456", name=NAMES, identifiers=numbers) == kept
    section = await world.put("hmp-northgate", f"/people/{kept}/sections/accommodation", ADDRESS)
    assert section.status_code in (200, 201), section.text
    assert (await world.post("hmp-northgate", f"/people/{kept}/warnings", WARNING, member="kit")).status_code == 202
    merged = await world.post("operator", "/merges", {"kept_id": kept, "removed_id": removed})
    assert merged.status_code == 201
    return kept, removed


async def erase(world: World, reference: str, reason: str = "retention-ended") -> PersonErasedV1:
    answer = await world.post("operator", "/erasures", {"person": reference, "reason": reason}, member="o.lindqvist")
    assert answer.status_code == 201, answer.text
    (event,) = await world.events("person.erased.v1", answer.json()["person_id"])
    return PersonErasedV1.model_validate(event)


def test_every_table_about_a_person_is_erased_from() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == set(OF_PERSON)


async def test_nothing_that_was_written_of_the_person_is_left(world: World) -> None:
    kept, removed = await marked(world)
    assert {word for words in traces(world.database.url, WORDS).values() for word in words} == set(WORDS)
    event = await erase(world, removed)
    assert (event.person_id, set(event.person_ids)) == (kept, {kept, removed})
    assert (event.reason, event.by, event.member) == ("retention-ended", "operator", "o.lindqvist")
    assert {
        table: words for table, words in traces(world.database.url, WORDS).items() if table not in BY_THEMSELVES
    } == {}


async def test_nobody_finds_them_and_nobody_can_write_about_them(world: World) -> None:
    kept, removed = await marked(world)
    await erase(world, kept)
    for agency in ("hmp-northgate", "police-north", "charity-newstart", "auditor-north", "operator"):
        assert await world.resolve(agency, kept, removed, "noms:A1234AA", "pnc:2012-0052494Q") == [None] * 4
    for id_ in (kept, removed):
        refused = [
            await world.put("hmp-northgate", f"/people/{id_}", person(name=NAMES)),
            await world.put("hmp-northgate", f"/people/{id_}/sections/accommodation", ADDRESS),
            await world.put("charity-newstart", f"/people/{id_}/involvement", {"roles": ["mentor"]}),
            await world.post("hmp-northgate", f"/people/{id_}/warnings", WARNING, member="kit"),
            await world.post("operator", "/erasures", {"person": id_, "reason": "unlawful"}),
        ]
        assert [answer.status_code for answer in refused] == [404] * 5


async def test_an_acceptance_that_comes_late_involves_nobody(world: World) -> None:
    kept, removed = await marked(world)
    await erase(world, kept)
    for id_ in (kept, removed):
        accepted = ReferralStateChangedV1(
            person_id=id_,
            referral_id=new_id(),
            chain_id=new_id(),
            sender="hmp-northgate",
            receiver="mht-riverside",
            from_state=ReferralState.RECEIVED,
            to_state=ReferralState.ACCEPTED,
            action=ReferralAction.ACCEPTANCE,
            by=ReferralRole.RECEIVER,
            involved=True,
            at=clock.now(),
        )
        await world.feed(accepted)
    assert await world.rows("SELECT * FROM involvement") == await world.rows("SELECT * FROM taken_on") == []


async def test_whoever_has_the_number_next_is_somebody_new(world: World) -> None:
    kept, _ = await marked(world)
    await erase(world, kept)
    again = await world.register("hmp-northgate", "noms:A1234AA", name=NAMES)
    assert again != kept
    assert await world.resolve("hmp-northgate", "noms:A1234AA", kept) == [again, None]


async def test_everybody_else_stays_as_they_were(world: World) -> None:
    other = await world.register("hmp-northgate", "noms:B1234BB")
    await world.put("police-north", f"/people/{other}/involvement", {"roles": ["iom-team"]})
    await world.put("hmp-northgate", f"/people/{other}/sections/accommodation", ADDRESS)
    rows = {name: await world.rows(f"SELECT t::text FROM {name} t ORDER BY 1") for name in OF_PERSON}
    assert sum(map(len, rows.values())) >= 5
    kept, _ = await marked(world)
    await erase(world, kept)
    assert {name: await world.rows(f"SELECT t::text FROM {name} t ORDER BY 1") for name in OF_PERSON} == rows


async def test_a_doubt_about_them_goes_and_the_other_record_stays(world: World) -> None:
    """Two agencies say that one number is two people's: until somebody merges them they are two, also when erased."""
    kept = await world.register("hmp-northgate", "noms:A1234AA", name=NAMES)
    other = await world.register("charity-newstart", "noms:A1234AA")
    assert other != kept
    assert len(await world.rows("SELECT * FROM matching_doubt")) == 1
    await erase(world, kept)
    assert await world.rows("SELECT * FROM matching_doubt") == []
    assert await world.resolve("charity-newstart", "noms:A1234AA") == [other]


async def test_whom_they_were_once_merged_with_is_named_for_what_was_noted_then(world: World) -> None:
    kept, removed = await marked(world)
    (merge_id,) = [row[0] for row in await world.rows("SELECT id FROM merge")]
    await world.post("operator", f"/merges/{merge_id}/reversal")
    event = await erase(world, removed)
    assert (event.person_ids, event.once_with) == ((removed,), (kept,))
    assert await world.resolve("hmp-northgate", kept, "noms:A1234AA") == [kept, kept]


async def test_only_an_operator_may_and_only_with_a_reason(world: World) -> None:
    kept = await world.register("hmp-northgate", "noms:A1234AA", name=NAMES)
    for agency in ("hmp-northgate", "auditor-north"):
        answer = await world.post(agency, "/erasures", {"person": kept, "reason": "unlawful"})
        assert answer.status_code == 403
    for body in ({"person": kept}, {"person": kept, "reason": "because Zebedee asked"}):
        answer = await world.post("operator", "/erasures", body)
        assert answer.status_code == 422
        assert "Zebedee" not in answer.text
    assert await world.resolve("hmp-northgate", kept) == [kept]


async def test_what_was_offered_of_them_takes_no_place_in_the_window(world: World) -> None:
    kept, _ = await marked(world)
    other = await world.register("hmp-northgate", "noms:A5678BB")
    await sent_in_bulk(world.database)
    assert await unanswered(world.database, [kept, other]) == {kept, other}
    await erase(world, kept)
    assert await unanswered(world.database, [kept, other]) == {other}
