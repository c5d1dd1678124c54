"""A referral over the whole pipe: what each side sees of it, at its gateway and nowhere else."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from contracts.http.referral_views import ReferralView, ReferralViews
from tests.integration.gateway.sides import Agency, side_of, side_with
from tests.integration.gateway.world import (
    AUDITOR,
    POLICE,
    PRISON,
    PROBATION,
    TRUST,
    held,
    join,
    new_number,
    push,
    view,
)
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe

MOORLAND = ("mht-moorland", "mental-health")
WORDS = {"needs", "reason", "urgency", "scores", "previous_contact"}

CONSENT = {
    "decision": "given",
    "categories": ["identity", "referral", "release-date"],
    "recipients": [{"agency": "mht-riverside"}],
    "purposes": ["direct-care"],
    "valid_until": "2027-09-30",
    "how": "written",
    "given_by": "person",
    "has_capacity": True,
    "statement": {"id": "referral-leaflet", "version": "1"},
}
SERVICE = {"name": "Community trauma service", "area": "Riverside", "needs": ["trauma"]}


def asking(person: str, to: Agency = TRUST, **more: Any) -> dict[str, Any]:
    return {
        "person": person,
        "to_agency": to[0],
        "needs": ["mental-health"],
        "reason": "Low in mood since sentence; asks for help before release.",
        "urgency": "routine",
        "scores": {"phq9": 14},
        "statutory": False,
        "previous_contact": "Seen once, years ago.",
        **more,
    }


async def refer(pipe: Pipe, agency: Agency, body: dict[str, Any]) -> dict[str, Any]:
    answer = await pipe.call(*agency, "POST", "/referrals", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def seen(pipe: Pipe, agency: Agency, referral: str) -> dict[str, Any]:
    return await side_of(pipe, agency, f"/referrals/{referral}", ReferralView)


def when(pipe: Pipe, agency: Agency, referral: str, **wanted: Any) -> Callable[[], Awaitable[Any]]:
    return side_with(pipe, agency, f"/referrals/{referral}", ReferralView, wanted)


async def act(pipe: Pipe, agency: Agency, referral: str, action: str, body: Any = None) -> dict[str, Any]:
    etag = (await seen(pipe, agency, referral))["etag"]
    answer = await pipe.call(*agency, "POST", f"/referrals/{referral}/{action}", body, if_match=etag)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def agree(pipe: Pipe, number: str, **more: Any) -> None:
    answer = await pipe.call(*PRISON, "POST", f"/people/noms:{number}/consents", CONSENT | more)
    assert answer.status_code == 201, answer.text


async def test_a_referral_waits_for_consent_and_then_each_side_sees_its_part(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    made = await refer(pipe, PRISON, asking(f"noms:{number}"))
    referral = made["referral_id"]
    assert (made["person_id"], made["direction"], made["from"]) == (person, "sent", "hmp-northgate")
    await eventually(when(pipe, PRISON, referral, state="awaiting-consent"))
    assert await seen(pipe, TRUST, referral) == {}
    await agree(pipe, number)
    await eventually(when(pipe, PRISON, referral, state="received"))
    received = await eventually(when(pipe, TRUST, referral, state="received", reason=...))
    assert set(received) >= WORDS
    assert (received["direction"], received["scores"]) == ("received", {"phq9": 14})
    listed = (await view(pipe, TRUST, person))["referrals"]
    assert [each["content"]["referral_id"] for each in listed if "share_id" in each] == [referral]

    body = {"team": "Community team", "appointment_at": "2031-03-10T09:30:00Z", "interim_support": "Weekly calls."}
    accepted = await act(pipe, TRUST, referral, "acceptance", body)
    assert accepted["state"] == "accepted"
    told = await eventually(when(pipe, PRISON, referral, state="accepted", appointment_at="2031-03-10T09:30:00Z"))
    assert [each["at"] for each in told["appointments"]] == ["2031-03-10T09:30:00Z"]
    assert not {"interim_support", "team", "comment"} & set(told)
    sections = (await view(pipe, PRISON, person))["referrals"]
    (shared,) = [each for each in sections if "share_id" in each]
    assert set(shared["content"]) == {"referral_id", "state", "appointment_at"}
    assert shared["clause"] == "4.3"
    own = [each["content"] for each in sections if each.get("own")]
    assert [each["referral_id"] for each in own] == [referral]

    async def involved() -> bool:
        answer = await pipe.call(*TRUST, "GET", f"/people/{person}/involvement")
        return answer.status_code == 200 and answer.json()["state"] == "confirmed"

    await eventually(involved)

    withdrawn = await pipe.call(*PRISON, "POST", f"/people/{person}/consent-withdrawals", {})
    assert withdrawn.status_code == 200
    bare = await eventually(when(pipe, TRUST, referral, state="consent-withdrawn"))
    assert not WORDS & set(bare)
    blank = await eventually(when(pipe, PRISON, referral, state="consent-withdrawn"))
    assert "appointment_at" not in blank
    assert blank["reason"] == "Low in mood since sentence; asks for help before release."


async def test_an_answer_that_the_sender_may_not_have_shows_in_no_state_list_or_conflict(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    await agree(pipe, number)
    referral = (await refer(pipe, PRISON, asking(f"noms:{number}")))["referral_id"]
    await eventually(when(pipe, TRUST, referral, state="received", reason=...))
    await eventually(when(pipe, PRISON, referral, state="received"))
    assert (await pipe.call(*PRISON, "POST", f"/people/{person}/consent-withdrawals", {})).status_code == 200
    await eventually(when(pipe, TRUST, referral, state="consent-withdrawn"))
    before = await eventually(when(pipe, PRISON, referral, state="consent-withdrawn"))
    await act(pipe, TRUST, referral, "outcome", {"result": "prematurely-ended", "code": "declined"})
    await pipe.settle()
    assert await seen(pipe, PRISON, referral) == before
    listed = await pipe.call(*PRISON, "GET", "/referrals", params={"person_id": person})
    ReferralViews.model_validate_json(listed.content)
    assert [each["state"] for each in listed.json()["items"]] == ["consent-withdrawn"]
    wrong = await pipe.call(*PRISON, "POST", f"/referrals/{referral}/information", {"answer": "x"}, if_match='"0"')
    assert wrong.status_code in (409, 412)
    assert "prematurely-ended" not in wrong.text
    kept = await pipe.call(
        *PRISON, "POST", f"/referrals/{referral}/withdrawal", {"reason_code": "NEE"}, if_match=before["etag"]
    )
    assert kept.status_code == 200, kept.text


async def test_a_court_ordered_referral_needs_no_consent(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    await join(pipe, PROBATION, number)
    ordered = asking(f"noms:{number}", statutory=True, order_reference="Order 118 of 2030")
    referral = (await refer(pipe, PROBATION, ordered))["referral_id"]
    received = await eventually(when(pipe, TRUST, referral, state="received", reason=...))
    assert received["order_reference"] == "Order 118 of 2030"
    body = {"reason_code": "OTHER", "comment": "Not with us.", "next": {"kind": "none"}}
    await act(pipe, TRUST, referral, "rejection", body)
    told = await eventually(when(pipe, PROBATION, referral, state="rejected", reason_code="OTHER"))
    assert "comment" not in told
    assert [(each["to_state"], each["code"]) for each in told["history"] if "code" in each] == [("rejected", "OTHER")]

    async def on_the_list() -> bool:
        page = (await pipe.call(*PROBATION, "GET", "/unaccepted", params={"limit": 500})).json()
        return referral in [each["referral_id"] for each in page["items"]]

    await eventually(on_the_list)
    await act(pipe, PROBATION, referral, "closure", {"reason_code": "SER"})
    assert not await on_the_list()
    counted = await pipe.call(*PROBATION, "GET", "/monitoring", params={"by": "answer"})
    assert counted.status_code == 200, counted.text


async def test_nobody_else_sees_a_referral_and_everyone_meets_the_same_404(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    await join(pipe, POLICE, number, role="iom-team")
    await agree(pipe, number)
    referral = (await refer(pipe, PRISON, asking(f"noms:{number}")))["referral_id"]
    await eventually(when(pipe, TRUST, referral, state="received"))
    unknown = await pipe.call(*POLICE, "GET", "/referrals/01a203cc-c250-7589-bd4a-a8140461b158")
    for agency in (POLICE, MOORLAND, PROBATION):
        answer = await pipe.call(*agency, "GET", f"/referrals/{referral}")
        assert (answer.status_code, answer.json()["code"]) == (404, unknown.json()["code"])
        listed = await pipe.call(*agency, "GET", "/referrals", params={"direction": "received"})
        assert referral not in listed.text
    assert (await pipe.call(*AUDITOR, "GET", f"/referrals/{referral}")).status_code == 404


async def test_the_directory_is_kept_by_those_who_receive_and_read_by_all(pipe: Pipe) -> None:
    made = await pipe.call(*TRUST, "PUT", "/services/riverside-community", SERVICE)
    assert made.status_code == 201, made.text
    found = await pipe.call(*POLICE, "GET", "/services", params={"need": "trauma", "area": "Riverside"})
    assert [each["service_id"] for each in found.json()["items"]] == ["riverside-community"]
    gaps = await pipe.call(*POLICE, "GET", "/services/gaps", params={"area": "Riverside"})
    assert "trauma" not in [each["need"] for each in gaps.json()["items"]]
    assert "forensic" in [each["need"] for each in gaps.json()["items"]]
    refused = await pipe.call(*POLICE, "PUT", "/services/riverside-community", SERVICE)
    assert refused.status_code in (404, 405)
    assert (await pipe.call(*POLICE, "POST", "/referrals/x/acceptance", {})).status_code == 404


async def test_a_prison_finds_its_releases_by_need_and_those_that_nobody_has_accepted(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    await held(pipe, new_number())
    await refer(pipe, PRISON, asking(f"noms:{number}", needs=["adhd"]))

    async def by_need(need: str) -> list[str]:
        page = await pipe.call(*PRISON, "GET", "/releases", params={"need": need, "limit": 1})
        assert page.status_code == 200, page.text
        return [each["person_id"] for each in page.json()["items"]]

    assert await by_need("adhd") == [person]
    assert await by_need("physical-health") == []
    later = await pipe.call(*PRISON, "GET", "/releases/unanswered")
    assert later.status_code == 200, later.text
    assert person not in [each["person_id"] for each in later.json()["items"]]
    await push(pipe, number, (clock.now() + timedelta(days=7)).date().isoformat())
    page = (await pipe.call(*PRISON, "GET", "/releases/unanswered")).json()
    (found,) = [each for each in page["items"] if each["person_id"] == person]
    assert [each["needs"] for each in found["unaccepted"]] == [["adhd"]]


@pytest.mark.parametrize("name", ["rejection-codes", "needs", "referral-states"])
async def test_the_coded_lists_of_referrals_are_looked_up(pipe: Pipe, name: str) -> None:
    found = await pipe.call(*PRISON, "GET", f"/reference-data/{name}")
    assert found.status_code == 200
    assert all(each["effective_from"] for each in found.json()["items"])


async def test_an_action_says_what_it_was_decided_on(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    referral = (await refer(pipe, PRISON, asking(f"noms:{number}")))["referral_id"]
    answer = await pipe.call(*PRISON, "POST", f"/referrals/{referral}/withdrawal", {"reason_code": "NEE"})
    problem(answer, 428, "precondition-required")
