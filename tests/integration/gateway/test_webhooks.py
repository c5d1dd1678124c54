"""Webhooks over the whole pipe, to a real receiver: signed, thin, tried again, given up visibly, never led astray."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chassis.ids import new_id
from chassis.outside import Rules
from contracts.codes import Scope
from tests.integration.gateway.delivering import Agency, deliveries, delivering, delivery, registered
from tests.integration.gateway.world import (
    AUDITOR,
    CHARITY,
    CONSENT,
    POLICE,
    PROBATION,
    dates,
    held,
    join,
    new_number,
    push,
)
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.receiver import Receiver, receiving
from tests.support.tokens import TOKENS

soon = partial(eventually, within=60)


def told_of(receiver: Receiver, item: dict[str, Any]) -> Callable[[], bool]:
    return lambda: item["item_id"] in receiver.ids


async def shared_with(pipe: Pipe, agency: Agency) -> tuple[str, str, list[dict[str, Any]]]:
    """A person whose release date the agency has: number, id, and the items of the date."""
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, agency, number)
    found = await soon(lambda: dates(pipe, agency, person_id))
    return number, person_id, found


async def test_what_is_shared_is_announced_signed_and_thin(pipe: Pipe) -> None:
    before = (await shared_with(pipe, PROBATION))[2]
    async with receiving() as receiver, delivering(pipe):
        secret = await registered(pipe, PROBATION, receiver)
        (item,) = (await shared_with(pipe, PROBATION))[2]
        await soon(told_of(receiver, item))
        call = next(each for each in receiver.calls if each.id == item["item_id"])
        told = call.verified(secret)
        assert {name: told[name] for name in ("type", "item_id", "cursor", "category", "timestamp")} == {
            "type": "feed.item",
            "item_id": item["item_id"],
            "cursor": item["cursor"],
            "category": "release-date",
            "timestamp": item["available_at"],
        }
        assert len(told) == 5
        assert item["person_id"] not in call.body.decode()
        assert not {each["item_id"] for each in before} & receiver.ids, "what was there before is read from the feed"
        kept = await soon(lambda: delivery(pipe, PROBATION, item["item_id"], state="delivered"))
        assert (kept["status"], kept["problem"], kept["cursor"]) == (204, None, item["cursor"])
        answer = await pipe.call(*PROBATION, "DELETE", "/webhook")
        assert answer.status_code == 204, answer.text


async def test_a_secret_is_shown_once_or_never(pipe: Pipe) -> None:
    async with receiving() as receiver:
        made = await pipe.call(*POLICE, "PUT", "/webhook", {"url": receiver.url})
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        assert made.json()["secret"].startswith("whsec_")
        assert "secret" not in (await pipe.call(*POLICE, "GET", "/webhook")).json()
        own = "whsec_" + "c2VjcmV0" * 4
        again = await pipe.call(*POLICE, "PUT", "/webhook", {"url": receiver.url, "secret": own})
        assert (again.status_code, "secret" in again.json()) == (200, False)
        for wrong in ("whsec_short", "c2VjcmV0" * 4, own + "!"):
            answer = await pipe.call(*POLICE, "PUT", "/webhook", {"url": receiver.url, "secret": wrong})
            assert answer.status_code == 422
            assert wrong not in answer.text
        assert (await pipe.call(*POLICE, "DELETE", "/webhook")).status_code == 204
    problem(await pipe.call(*POLICE, "GET", "/webhook"), 404, "webhook-unknown")
    problem(await pipe.call(*POLICE, "DELETE", "/webhook"), 404, "webhook-unknown")
    problem(await pipe.call(*POLICE, "POST", "/webhook/test"), 404, "webhook-unknown")
    problem(await pipe.call(*POLICE, "PUT", "/webhook", {"url": "gopher://127.0.0.1/"}), 422, "url-refused")
    problem(await pipe.call(*POLICE, "PUT", "/webhook", {"url": "http://169.254.169.254/"}), 422, "address-refused")
    assert (await pipe.call(*AUDITOR, "GET", "/webhook")).status_code == 404
    narrow = f"Bearer {TOKENS.token(*POLICE, scopes=[Scope.READ])}"
    problem(await pipe.call(*POLICE, "GET", "/webhook/fhir", authorization=narrow), 403, "insufficient-scope")


async def test_a_test_says_what_the_endpoint_answered(pipe: Pipe) -> None:
    async with receiving() as receiver, delivering(pipe):
        secret = await registered(pipe, POLICE, receiver)
        key = new_id()
        first = await pipe.call(*POLICE, "POST", "/webhook/test", idempotency_key=key)
        again = await pipe.call(*POLICE, "POST", "/webhook/test", idempotency_key=key)
        assert (first.status_code, again.json()) == (202, first.json())
        message_id = first.json()["message_id"]
        await soon(lambda: delivery(pipe, POLICE, message_id, state="delivered", cursor=None))
        assert [each["type"] for each in receiver.said()] == ["webhook.test"]
        assert receiver.calls[0].verified(secret)["type"] == "webhook.test"
        await pipe.call(*POLICE, "DELETE", "/webhook")
    assert await deliveries(pipe, POLICE) == []


async def test_a_dead_endpoint_is_tried_again_and_given_up_where_its_agency_sees_it(pipe: Pipe) -> None:
    async with receiving() as receiver:
        receiver.status = 503
        await registered(pipe, POLICE, receiver)
        message_id = (await pipe.call(*POLICE, "POST", "/webhook/test")).json()["message_id"]
        async with delivering(pipe, delivery_give_up_s=1.5):
            over = await soon(lambda: delivery(pipe, POLICE, message_id, state="given-up"))
        assert over["attempts"] > 1
        assert (over["status"], over["problem"], over["next_attempt_at"]) == (503, "refused", None)
        assert receiver.ids == {message_id}, "every attempt has the same id"
        assert len(receiver.calls) == over["attempts"]
        view = (await pipe.call(*POLICE, "GET", "/webhook")).json()
        assert (view["given_up"], view["pending"]) == (1, 0)
        await pipe.call(*POLICE, "DELETE", "/webhook")


async def test_an_endpoint_that_answers_nobody_holds_up_no_other_agency(pipe: Pipe) -> None:
    async with receiving() as slow, receiving() as quick, delivering(pipe):
        slow.holds = True
        await registered(pipe, POLICE, slow)
        await registered(pipe, PROBATION, quick)
        stuck = [(await pipe.call(*POLICE, "POST", "/webhook/test")).json()["message_id"] for _ in range(6)]
        await soon(lambda: len(slow.calls) > 0)
        number, person_id, (item,) = await shared_with(pipe, PROBATION)
        await soon(told_of(quick, item))
        await push(pipe, number, "2031-06-01")
        newest = (await soon(partial(_dated, pipe, person_id, "2031-06-01")))["item_id"]
        await soon(lambda: newest in quick.ids)
        waiting = {each["message_id"]: each["state"] for each in await deliveries(pipe, POLICE)}
        assert [waiting[each] for each in stuck] == ["pending"] * 6
        slow.holds = False
        for each in stuck:
            await soon(partial(delivery, pipe, POLICE, each, state="delivered"))
        for agency in (POLICE, PROBATION):
            await pipe.call(*agency, "DELETE", "/webhook")


async def _dated(pipe: Pipe, person_id: str, day: str) -> dict[str, Any]:
    found = await dates(pipe, PROBATION, person_id)
    return next((each for each in found if each["content"]["release_date"] == day), {})


async def test_what_was_withdrawn_meanwhile_is_not_announced_and_the_withdrawal_is(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await join(pipe, CHARITY, number, role="through-the-gate")
    async with receiving() as receiver:
        receiver.status = 500
        await registered(pipe, CHARITY, receiver)
        given = await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consents", CONSENT)
        assert given.status_code == 201, given.text
        (item,) = await soon(lambda: dates(pipe, CHARITY, person_id))
        async with delivering(pipe):
            await soon(told_of(receiver, item))
        gone = await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consent-withdrawals", {})
        assert gone.status_code == 200, gone.text

        async def withdrawn() -> dict[str, Any]:
            found = await dates(pipe, CHARITY, person_id)
            return next((each for each in found if each["type"] == "withdrawn"), {})

        said = await soon(withdrawn)
        receiver.status = 204
        receiver.calls.clear()
        answer = await pipe.call(*CHARITY, "PUT", "/webhook", {"url": receiver.url})
        assert answer.status_code == 200
        async with delivering(pipe):
            await soon(told_of(receiver, said))
            await soon(lambda: delivery(pipe, CHARITY, item["item_id"], state="withdrawn"))
        assert item["item_id"] not in receiver.ids
        assert said["withdraws"] == item["item_id"]
        await pipe.call(*CHARITY, "DELETE", "/webhook")


async def test_no_redirect_is_followed(pipe: Pipe) -> None:
    async with receiving() as elsewhere, receiving() as receiver:
        receiver.status, receiver.headers = 307, {"location": elsewhere.url}
        message_id = await _tried(pipe, receiver)
        async with delivering(pipe, delivery_give_up_s=0.5):
            await soon(lambda: delivery(pipe, POLICE, message_id, state="given-up", status=307, problem="refused"))
        assert elsewhere.calls == []


async def test_what_was_registered_is_checked_again_at_each_attempt(pipe: Pipe) -> None:
    async with receiving() as receiver:
        message_id = await _tried(pipe, receiver)
        async with delivering(pipe, rules=Rules(), delivery_give_up_s=0.5):
            await soon(lambda: delivery(pipe, POLICE, message_id, state="given-up", problem="url-refused"))
        assert receiver.calls == []


async def test_a_fault_of_our_own_is_given_up_as_visibly_as_one_of_theirs(pipe: Pipe) -> None:
    """A secret that was sealed with a key that is lost."""
    async with receiving() as receiver:
        message_id = await _tried(pipe, receiver)
        async with delivering(pipe, seal_key="another key", delivery_give_up_s=0.5):
            await soon(lambda: delivery(pipe, POLICE, message_id, state="given-up", problem="internal"))
        assert receiver.calls == []


async def test_over_tls_the_name_is_what_the_certificate_must_be_for(pipe: Pipe, tmp_path: Path) -> None:
    authority = certified("localhost", tmp_path / "localhost.pem")
    async with receiving(tmp_path / "localhost.pem") as receiver:
        for host, ca_file, outcome in (
            ("localhost", authority, {"state": "delivered", "problem": None}),
            ("localhost", None, {"state": "given-up", "problem": "tls-refused"}),
            ("127.0.0.1", authority, {"state": "given-up", "problem": "tls-refused"}),
        ):
            receiver.url = receiver.url.replace("127.0.0.1", host).replace("localhost", host)
            message_id = await _tried(pipe, receiver)
            async with delivering(pipe, outside_ca_file=ca_file, delivery_give_up_s=0.5):
                await soon(partial(delivery, pipe, POLICE, message_id, **outcome))
        assert len(receiver.calls) == 1
        strict = Rules()
        message_id = await _tried(pipe, receiver)
        async with delivering(pipe, rules=strict, outside_ca_file=authority, delivery_give_up_s=0.5):
            await soon(lambda: delivery(pipe, POLICE, message_id, state="given-up", problem="address-refused"))
        assert len(receiver.calls) == 1


async def _tried(pipe: Pipe, receiver: Receiver) -> str:
    """A test of a webhook that was registered in development, where this machine may be called."""
    await registered(pipe, POLICE, receiver)
    return str((await pipe.call(*POLICE, "POST", "/webhook/test")).json()["message_id"])


def certified(name: str, path: Path) -> Path:
    """A key and a self-signed certificate for a name, in one file; the certificate alone is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + pem)
    authority = path.with_suffix(".ca")
    authority.write_bytes(pem)
    return authority
