"""Every gateway's own document, an agency that calls there, and what its paths can name."""

from typing import Any

from contracts.codes import AgencyKind
from tests.isolation.calls import BODIES, ERRANDS, filled
from tests.support.pipe import Pipe

NOMS = "F1001UZ"
AGENCIES: dict[str, str] = {
    AgencyKind.PRISON: "hmp-northgate",
    AgencyKind.PRISON_HEALTH: "health-northgate",
    AgencyKind.PROBATION: "probation-north",
    AgencyKind.POLICE: "police-north",
    AgencyKind.COURT: "court-northtown",
    AgencyKind.MENTAL_HEALTH: "mht-riverside",
    AgencyKind.DRUG_ALCOHOL: "das-riverside",
    AgencyKind.LIAISON_DIVERSION: "ld-north",
    AgencyKind.HOUSING: "housing-northtown",
    AgencyKind.YOUTH: "yot-northtown",
    AgencyKind.BENEFITS: "benefits-north",
    AgencyKind.PROVIDER: "charity-gatehouse",
    AgencyKind.AUDITOR: "auditor-north",
}
"""One agency of every kind that has a gateway."""
RECEIVER = AgencyKind.MENTAL_HEALTH
OTHER_TRUST = "mht-moorland"
"""None of those who call, for nobody refers to themselves."""
MADE = (
    ("consent_id", "probation", "POST", "/people/{person}/consents"),
    ("screening_id", "probation", "POST", "/people/{person}/screening-requests"),
    ("appointment_id", "mental-health", "POST", "/referrals/{referral_id}/appointments"),
    ("service_id", "mental-health", "PUT", "/services/{service_id}"),
)
"""What else there is, who makes it, and how."""
KNOWING = ("prison", "mental-health", "probation")
OF_A_SHARE = ("GET /v1/shares/{share_id}", "GET /v1/shares/{share_id}/explanation", "POST /v1/reviews/{share_id}")
"""What the auditor asks about one share."""


async def document(pipe: Pipe, kind: str) -> dict[str, Any]:
    """The OpenAPI document, asked for at the gateway itself."""
    answer = await pipe.http.get(f"/{kind}/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def join(pipe: Pipe, kind: str) -> None:
    """The kind's agency registers the person and claims to be involved."""
    for path in ("/people/{person}", "/people/{person}/involvement"):
        body = BODIES["PUT", path]
        answer = await pipe.call(AGENCIES[kind], kind, "PUT", path.format(person=f"noms:{NOMS}"), body)
        assert answer.is_success, answer.text


async def refer(pipe: Pipe, kind: str, to: str = OTHER_TRUST, **more: Any) -> str:
    """The id of a referral of the person, which the kind's agency has made."""
    body = filled(BODIES["POST", "/referrals"], {"person": f"noms:{NOMS}"}) | {"to_agency": to, **more}
    answer = await pipe.call(AGENCIES[kind], kind, "POST", "/referrals", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["referral_id"])


async def received(pipe: Pipe) -> str:
    """The id of a referral that comes to the receiver whatever the person agrees to, under an order."""
    return await refer(pipe, "prison", AGENCIES[RECEIVER], statutory=True, order_reference="MHTR 1")


async def due(pipe: Pipe) -> str:
    """The id of a share that the auditor has yet to review: the prison has warned probation."""
    path = "/people/{person}/warnings"
    body = BODIES["POST", path] | {"to": [{"agency": AGENCIES["probation"]}]}
    for kind in ("prison", "probation"):
        await join(pipe, kind)
    await pipe.settle()
    before = await _reviews(pipe)
    warned = await pipe.call(
        AGENCIES["prison"], "prison", "POST", filled(path, {"person": f"noms:{NOMS}"}), body, member="sam"
    )
    assert warned.is_success, warned.text
    await pipe.settle()
    (share,) = await _reviews(pipe) - before
    return share


async def _reviews(pipe: Pipe) -> set[str]:
    found, onward = set[str](), ""
    while True:
        page = await pipe.call(AGENCIES["auditor"], "auditor", "GET", f"/reviews?limit=500{onward}")
        found |= {each["share_id"] for each in page.json()["items"]}
        if page.json()["next"] is None:
            return found
        onward = f"&cursor={page.json()['next']}"


async def met(pipe: Pipe) -> dict[str, str]:
    """What the paths name: a person whom three kinds know, a consent, a question, a referral with an appointment, a
    share."""
    for kind in KNOWING:
        await join(pipe, kind)
    await pipe.settle()
    push = {"date": "2031-03-04", "status": "confirmed", "reason": "recalculation"}
    path = f"/people/noms:{NOMS}/release-dates/CRD"
    release = (await pipe.call("hmp-northgate", "prison", "PUT", path, push)).json()["release_id"]
    referral = await received(pipe)
    await pipe.settle()
    names = {
        "person": f"noms:{NOMS}",
        "agency": "police-north",
        "date_type": "CRD",
        "set": "needs",
        "release_id": release,
        "referral_id": referral,
        "service_id": "day-centre-mht-riverside",
        "share_id": await due(pipe),
    }
    for name, kind, method, path in MADE:
        seen: dict[str, Any] = {"if_match": "*"} if "/referrals/" in path else {}
        path, body = filled(path, names), filled((BODIES | ERRANDS)[method, path], names)
        answer = await pipe.call(AGENCIES[kind], kind, method, path, body, **seen)
        assert answer.is_success, answer.text
        names[name] = answer.json()[name]
    await pipe.settle()
    return names
