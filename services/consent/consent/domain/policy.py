"""Agreements compiled into a lookup by (source kind, recipient kind, category): every rule that could permit, in order.

The order is fixed by lawful-basis.md: statutory, then consent, then vital interests; within one, as the agreement has
them. A policy never changes; another version of it is another object with another hash.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from contracts.agreement import ANY, NHS_BODIES, Agreement, Clause, Flow, Party
from contracts.codes import AgencyKind, Basis, Category, Purpose

UK = ZoneInfo("Europe/London")

PARTIES = frozenset(AgencyKind) - {AgencyKind.AUDITOR, AgencyKind.OPERATOR}
"""What `any` means."""

NHS_KINDS = frozenset(
    {AgencyKind.PRISON_HEALTH, AgencyKind.MENTAL_HEALTH, AgencyKind.DRUG_ALCOHOL, AgencyKind.LIAISON_DIVERSION}
)
"""The kinds that an NHS body can be of; `nhs-bodies` asks for `nhs_body` besides."""

ORDER = {Basis.STATUTORY: 0, Basis.CONSENT: 1, Basis.VITAL_INTERESTS: 2}


class Key(NamedTuple):
    source: AgencyKind
    recipient: AgencyKind
    category: Category


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause for one pair of kinds. In force in [valid_from, valid_until)."""

    agreement: str
    agreement_version: str
    clause: Clause
    purposes: tuple[Purpose, ...]
    parties: frozenset[str] | None
    valid_from: datetime
    valid_until: datetime
    source_nhs_body: bool
    recipient_nhs_body: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The agreements in force as one set. `version` counts what was published; `hash` is over all their texts."""

    version: int
    hash: str
    rules: Mapping[Key, tuple[Rule, ...]]
    boundaries: tuple[datetime, ...]
    """When an agreement begins or ends."""
    days_before_release: tuple[int, ...]
    """How many days before a release a clause begins to apply."""

    def matching(self, source: AgencyKind, recipient: AgencyKind, category: Category) -> tuple[Rule, ...]:
        return self.rules.get(Key(source, recipient, category), ())


def policy_hash(agreements: Iterable[Agreement]) -> str:
    """SHA-256 in hex over the canonical texts, one a line, ordered by agreement id."""
    texts = [agreement.canonical() for agreement in sorted(agreements, key=lambda agreement: agreement.id)]
    return hashlib.sha256(b"\n".join(texts)).hexdigest()


def compile_policy(agreements: Iterable[Agreement], *, version: int) -> Policy:
    """The lookup over one version of each agreement."""
    found = sorted(agreements, key=lambda agreement: agreement.id)
    rules: dict[Key, list[Rule]] = {}
    for agreement in found:
        for clause in agreement.clauses:
            for each in _as_ruled(clause):
                for key, rule in _rules_of(agreement, each).items():
                    rules.setdefault(key, []).append(rule)
    ordered = {key: tuple(sorted(each, key=lambda rule: ORDER[rule.clause.basis])) for key, each in rules.items()}
    days = {day for agreement in found for day in (agreement.valid_from, agreement.valid_until)}
    before = {
        condition.days
        for agreement in found
        for clause in agreement.clauses
        for condition in clause.conditions
        if condition.days is not None
    }
    boundaries = tuple(sorted(midnight(day) for day in days))
    return Policy(version, policy_hash(found), ordered, boundaries, tuple(sorted(before)))


def midnight(day: date) -> datetime:
    """When a day begins in England and Wales."""
    return datetime.combine(day, time(), tzinfo=UK)


def kinds_of(parties: Iterable[Party]) -> dict[AgencyKind, bool]:
    """The kinds that parties name, each with whether only its NHS bodies are meant."""
    found: dict[AgencyKind, bool] = {}
    for party in parties:
        if party == ANY:
            found.update(dict.fromkeys(PARTIES, False))
        elif party == NHS_BODIES:
            found.update({kind: found.get(kind, True) for kind in NHS_KINDS})
        else:
            found[AgencyKind(party)] = False
    return found


def _as_ruled(clause: Clause) -> tuple[Clause, ...]:
    """The clause once for each basis that it can have: one that stands as the referral came is law or consent."""
    if not clause.as_referred:
        return (clause,)
    return (clause.model_copy(update={"basis": Basis.STATUTORY, "subject_to": None}), clause)


def _rules_of(agreement: Agreement, clause: Clause) -> dict[Key, Rule]:
    """The clause's rules; where two of its flows meet, the first counts."""
    rules: dict[Key, Rule] = {}
    for flow in clause.flows:
        for source, source_nhs in kinds_of(flow.sources).items():
            for recipient, recipient_nhs in kinds_of(flow.recipients).items():
                rule = _rule(agreement, clause, flow, source_nhs, recipient_nhs)
                for category in clause.categories:
                    rules.setdefault(Key(source, recipient, category), rule)
    return rules


def _rule(agreement: Agreement, clause: Clause, flow: Flow, source_nhs: bool, recipient_nhs: bool) -> Rule:
    return Rule(
        agreement=agreement.id,
        agreement_version=agreement.version,
        clause=clause,
        purposes=flow.purposes or clause.purposes,
        parties=None if ANY in agreement.parties else frozenset(agreement.parties),
        valid_from=midnight(agreement.valid_from),
        valid_until=midnight(agreement.valid_until),
        source_nhs_body=source_nhs,
        recipient_nhs_body=recipient_nhs,
    )
