"""Builders of facts for the tests of the decision. The agencies are those of deploy/agencies."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from consent.domain.facts import (
    AgencyFact,
    Consent,
    Emergency,
    EmergencyRequest,
    Involvement,
    Mappa,
    Objection,
    OfferFacts,
    PersonFacts,
    Question,
    Referral,
    Scope,
    Withdrawal,
)
from consent.domain.policy import Policy, compile_policy
from contracts.agreement import Agreement, load_agreement
from contracts.codes import AgencyKind, Category, InvolvementState, Purpose

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
JUSTIFICATION = "Found with a ligature in the van this morning."


@cache
def agencies() -> dict[str, AgencyFact]:
    """The development agencies as facts, by id."""
    rows = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy/agencies").glob("*.yaml"))]
    kinds = {row["id"]: AgencyKind(row["kind"]) for row in rows}
    return {
        row["id"]: AgencyFact(
            row["id"],
            kinds[row["id"]],
            row["area"],
            bool(row.get("nhs_body")),
            row.get("contracted_by"),
            kinds.get(row.get("contracted_by") or ""),
        )
        for row in rows
    }


@cache
def north_isa() -> Agreement:
    return load_agreement(ROOT / "deploy/agreements/north-isa-1.0.0.yaml")


@cache
def policy() -> Policy:
    return compile_policy([north_isa()], version=1)


def involvement(agency: str, state: str = "confirmed", **changes: Any) -> Involvement:
    values: dict[str, Any] = {"roles": ("care",), "since": NOW - DAY, "until": None, "version": 3}
    return Involvement(agency=agency, state=InvolvementState(state), **{**values, **changes})


def scope(
    *agencies: str,
    categories: tuple[Category, ...] | None = tuple(Category),
    purposes: tuple[Purpose, ...] | None = tuple(Purpose),
    kinds: tuple[AgencyKind, ...] = (),
) -> Scope:
    return Scope(categories, agencies, kinds, purposes)


def consent(id: str, covers: Scope, *, given_at: datetime = NOW - DAY, **changes: Any) -> Consent:
    values: dict[str, Any] = {
        "decision": "given",
        "valid_from": given_at,
        "valid_until": given_at + 90 * DAY,
        "recorded_by": "probation-north",
        "version": 5,
    }
    return Consent(id=id, scope=covers, given_at=given_at, **{**values, **changes})


def withdrawal(at: datetime, covers: Scope | None = None, consent_id: str | None = None) -> Withdrawal:
    return Withdrawal(at, covers or Scope(), consent_id, 6)


def objection(covers: Scope) -> Objection:
    return Objection("objection-1", covers, NOW - DAY, None, 7)


def mappa(managed: bool = True, until: date | None = None) -> Mappa:
    return Mappa("probation-north", managed, until, 8)


def request(agency: str, category: Category, source: str | None = None, **changes: Any) -> EmergencyRequest:
    values: dict[str, Any] = {"requested_at": NOW - DAY, "expires_at": NOW + 2 * DAY, "justification": JUSTIFICATION}
    return EmergencyRequest(
        id="request-1",
        agency=agency,
        member="m.okafor",
        category=category,
        source=source,
        version=9,
        **{**values, **changes},
    )


def referral(
    sender: str, receiver: str, *, ordered: bool = False, live: bool = True, screening: bool = False
) -> Referral:
    return Referral("referral-1", agencies()[sender], receiver, ordered, live, screening)


def question(
    source: str,
    recipient: str,
    category: Category,
    person: PersonFacts | None = None,
    *,
    fields: tuple[str, ...] = (),
    addressees: tuple[str, ...] | None = None,
    emergency: bool = False,
    about: Referral | None = None,
    now: datetime = NOW,
    **changes: Any,
) -> Question:
    offer = OfferFacts(
        source=agencies()[source],
        category=category,
        version=1,
        fields=fields,
        addressees=addressees,
        emergency=Emergency("m.okafor", JUSTIFICATION) if emergency else None,
        referral=about,
    )
    return Question(offer, agencies()[recipient], person or PersonFacts(version=1), now, **changes)
