"""What agreements in force let an agency receive and send in general, before anything is known of a person."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from consent.domain.facts import AgencyFact
from consent.domain.policy import Policy, Rule
from contracts.codes import AgencyKind

Entry = tuple[str, str, str]


def routes_of(agency: AgencyFact, policy: Policy, now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What it may receive (with `from_kinds`) and send (with `to_kinds`), by clause, category and purpose."""
    receive: dict[Entry, dict[str, Any]] = {}
    send: dict[Entry, dict[str, Any]] = {}
    for key, rules in policy.rules.items():
        for rule in _in_force(rules, agency, now):
            if key.recipient == agency.kind and (agency.nhs_body or not rule.recipient_nhs_body):
                _add(receive, rule, str(key.category), "from_kinds", key.source)
            if key.source == agency.kind and (agency.nhs_body or not rule.source_nhs_body):
                _add(send, rule, str(key.category), "to_kinds", key.recipient)
    return _sorted(receive), _sorted(send)


def _in_force(rules: Iterable[Rule], agency: AgencyFact, now: datetime) -> Iterable[Rule]:
    for rule in rules:
        contracted = _contract_allows(rule, agency)
        party = rule.parties is None or agency.id in rule.parties
        if contracted and party and rule.valid_from <= now < rule.valid_until and not agency.suspended:
            yield rule


def _contract_allows(rule: Rule, agency: AgencyFact) -> bool:
    """A provider's contract decides which clauses can ever be for it."""
    if agency.kind != AgencyKind.PROVIDER:
        return True
    for condition in rule.clause.conditions:
        held = agency.contractor_kind in condition.kinds
        if condition.kind in ("contracted-by", "not-contracted") and held is not (condition.kind == "contracted-by"):
            return False
    return True


def _add(entries: dict[Entry, dict[str, Any]], rule: Rule, category: str, side: str, kind: AgencyKind) -> None:
    for purpose in rule.purposes:
        entry = entries.setdefault(
            (rule.clause.id, category, str(purpose)),
            {
                "category": category,
                side: [],
                "purpose": purpose,
                "basis": rule.clause.basis,
                "clause": rule.clause.id,
                "subject_to": rule.clause.subject_to,
            },
        )
        if kind not in entry[side]:
            entry[side] = sorted([*entry[side], kind])


def _sorted(entries: dict[Entry, dict[str, Any]]) -> list[dict[str, Any]]:
    return [entries[name] for name in sorted(entries)]
