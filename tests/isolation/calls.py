"""A well-formed call of every route that names a person or a thing, so that what refuses it is who asks, not what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.pipe import Pipe

DAY = "2031-03-04"
SOON = "2031-03-04T10:00:00Z"
STATEMENT = {"id": "resettlement-leaflet", "version": "3"}
CONSENT = {
    "decision": "given",
    "categories": ["identity", "release-date", "accommodation"],
    "recipients": [{"kind": "provider"}],
    "purposes": ["resettlement"],
    "valid_until": "2027-06-30",
    "how": "written",
    "given_by": "person",
    "has_capacity": True,
    "statement": STATEMENT,
}
REGISTRATION = {"name": {"family": "Ordinary", "given": "Robin"}, "date_of_birth": "1990-02-03"}

BODIES: dict[tuple[str, str], Any] = {
    ("PUT", "/people/{person}"): REGISTRATION,
    ("PUT", "/people/{person}/involvement"): {"roles": ["key-worker"]},
    ("PUT", "/people/{person}/involvement/{agency}"): {"roles": ["iom-team"]},
    ("PUT", "/people/{person}/sections/accommodation"): {"status": "sought"},
    ("PUT", "/people/{person}/sections/caseload"): {"cohort": "fixed", "rag": "red"},
    ("PUT", "/people/{person}/sections/licence-conditions"): {"conditions": []},
    ("PUT", "/people/{person}/sections/medication"): {"medicines": [], "as_of": "2026-01-02"},
    ("PUT", "/people/{person}/sections/risk-markers"): {"markers": [], "mappa": {"managed": True, "category": 2}},
    ("POST", "/people/{person}/consents"): CONSENT,
    ("POST", "/people/{person}/consents/{consent_id}/withdrawal"): {},
    ("POST", "/people/{person}/consent-withdrawals"): {},
    ("POST", "/people/{person}/objections"): {},
    ("POST", "/people/{person}/warnings"): {
        "to": [{"kind": "prison"}],
        "risk": "suicide",
        "text": "Please look in on them tonight.",
        "justification": "Said so on the telephone an hour ago.",
    },
    ("PUT", "/people/{person}/release-dates/{date_type}"): {
        "date": DAY,
        "status": "confirmed",
        "reason": "recalculation",
    },
    ("POST", "/people/{person}/release-dates/{date_type}/withdrawal"): {"reason_code": "set-aside"},
    ("POST", "/people/{person}/custody-events"): {"type": "released", "at": "2026-01-02T10:00:00Z"},
    ("PUT", "/releases/{release_id}/day-of-release-decision"): {"decision": "kept", "reason": "No places to travel."},
    ("POST", "/releases/{release_id}/address-check"): {"result": "confirmed"},
    ("POST", "/referrals/{referral_id}/information"): {"answer": "It was in spring."},
    ("POST", "/referrals/{referral_id}/submission"): None,
    ("POST", "/referrals/{referral_id}/resumption"): None,
    ("POST", "/referrals/{referral_id}/withdrawal"): {"reason_code": "INE"},
    ("POST", "/referrals/{referral_id}/closure"): {"reason_code": "INE"},
    ("POST", "/referrals/{referral_id}/waiting-update"): {"expected_start": DAY},
    ("POST", "/referrals/{referral_id}/appointments"): {"at": SOON},
    ("POST", "/referrals/{referral_id}/appointments/{appointment_id}/attendance"): {"outcome": "attended"},
    ("POST", "/referrals/{referral_id}/acceptance"): {},
    ("POST", "/referrals/{referral_id}/rejection"): {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}},
    ("POST", "/referrals/{referral_id}/advice"): {"comment": "Ask again in spring."},
    ("POST", "/referrals/{referral_id}/information-request"): {"question": "Since when?"},
    ("POST", "/referrals/{referral_id}/hold"): {"reason": "Waiting for a bed.", "until": DAY},
    ("POST", "/referrals/{referral_id}/allocation"): {"team": "Day team"},
    ("POST", "/referrals/{referral_id}/outcome"): {"result": "completed", "code": "needs-met"},
    ("POST", "/people/{person}/screening-requests"): {"to_agency": "mht-riverside"},
    ("POST", "/screening-requests/{screening_id}/answer"): {"answer": "yes"},
    ("POST", "/people/lookup"): {"identifier": {"scheme": "noms", "value": "{noms}"}},
    ("POST", "/emergency-requests"): {
        "person": "{person}",
        "category": "medication",
        "justification": "Found unconscious at the bus station.",
    },
    ("POST", "/reviews/{share_id}"): {"outcome": "justified", "comment": "There was no time to ask."},
    ("POST", "/referrals"): {
        "person": "{person}",
        "to_agency": "mht-riverside",
        "needs": ["mental-health"],
        "reason": "Low mood since the sentence.",
        "urgency": "routine",
        "statutory": False,
    },
}
"""Method and path below `/v1` -> a body that the route takes."""

RAW: dict[tuple[str, str], str] = {
    ("POST", "/release-dates/bulk"): (
        '{"person": "noms:{noms}", "date_type": "CRD", "date": "2031-03-04", "status": "confirmed", '
        '"reason": "recalculation"}'
    ),
}
"""As `BODIES`, of the route that takes lines."""

ERRANDS: dict[tuple[str, str], Any] = {
    ("POST", "/events"): {"eventType": "prison-offender-events.prisoner.cell.move"},
    ("POST", "/feed/acknowledgements"): {"items": ["01989681-0000-7000-8000-000000000000"]},
    ("PUT", "/webhook"): {"url": "https://hooks.example/throughgate"},
    ("PUT", "/webhook/fhir"): {"url": "https://hooks.example/fhir"},
    ("PUT", "/services/{service_id}"): {"name": "Day centre", "area": "northshire", "needs": ["mental-health"]},
}
"""Bodies of routes about no person."""

QUESTIONS = {
    "/monitoring": "?by=answer",
    "/summary": "?by=recipient",
    "/services": "?need=mental-health&area=northshire",
    "/services/gaps": "?area=northshire",
}
"""What a route about no person must be asked."""

NO_SECRET = {
    ("GET", "/me"),
    ("GET", "/agencies"),
    ("GET", "/reference-data/{set}"),
    ("GET", "/services"),
    ("GET", "/services/gaps"),
    ("PUT", "/services/{service_id}"),
    ("POST", "/events"),
    ("POST", "/release-dates/bulk"),
    ("POST", "/feed/acknowledgements"),
    ("GET", "/feed/stream"),
    ("GET", "/webhook"),
    ("PUT", "/webhook"),
    ("DELETE", "/webhook"),
    ("POST", "/webhook/test"),
    ("GET", "/webhook/fhir"),
    ("PUT", "/webhook/fhir"),
    ("DELETE", "/webhook/fhir"),
}
"""Routes about no person, those that have tests of their own, and the stream, which is the feed."""

PAGE = 500
"""The most that a page of a list holds."""
FEED = f"/feed?limit={PAGE}"
LISTS = (
    f"/people?limit={PAGE}",
    FEED,
    f"/webhook/deliveries?limit={PAGE}",
    f"/referrals?limit={PAGE}",
    f"/referrals?direction=received&limit={PAGE}",
    f"/screening-requests?limit={PAGE}",
    f"/screening-requests?direction=received&limit={PAGE}",
    f"/emergency-requests?limit={PAGE}",
    f"/releases?limit={PAGE}",
    "/releases/summary",
    f"/releases/unanswered?limit={PAGE}",
    f"/unaccepted?limit={PAGE}",
    "/monitoring?by=source",
    "/monitoring?by=answer",
    "/me",
)
"""What an agency can look at without naming anybody: `picture` is all of it."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of one kind's gateway."""

    method: str
    path: str

    @property
    def body(self) -> Any:
        return BODIES.get((self.method, self.path))

    @property
    def raw(self) -> str | None:
        return RAW.get((self.method, self.path))

    @property
    def names_something(self) -> bool:
        own = "{service_id}" in self.path
        return not own and (any(name in self.path for name in ("{person}", "_id}")) or "{" in f"{self.body}{self.raw}")

    @property
    def names_person(self) -> bool:
        return any(name in f"{self.path}{self.body}{self.raw}" for name in ("{person}", "{noms}"))


def routes(pipe: Pipe, kind: str) -> list[Route]:
    """Every route of this kind's gateway, from the document that it serves."""
    mounted = next(each.app for each in pipe.front.routes if getattr(each, "path", "") == f"/{kind}")  # type: ignore[attr-defined]
    return list(_routes(mounted.openapi()))


def _routes(document: dict[str, Any]) -> Iterator[Route]:
    for path, operations in document["paths"].items():
        if path.startswith("/v1"):
            for method in operations:
                yield Route(method.upper(), path.removeprefix("/v1"))


def filled(template: Any, names: dict[str, str]) -> Any:
    """A path or a body with its names in place."""
    if isinstance(template, str):
        for name, value in names.items():
            template = template.replace("{" + name + "}", value)
        return template
    if isinstance(template, dict):
        return {key: filled(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(each, names) for each in template]
    return template
