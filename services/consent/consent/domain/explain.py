"""Facts and verdicts as canonical JSON (RFC 8785): the same facts are the same bytes wherever they are written."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from consent.domain.decide import Verdict
from consent.domain.facts import AgencyFact, OfferFacts, PersonFacts
from contracts.log_proof import canonical


def written(fact: AgencyFact | OfferFacts | PersonFacts) -> str:
    """The fact as canonical JSON."""
    return canonical(_plain(asdict(fact))).decode()


def verdict_text(verdict: Verdict) -> str:
    """The verdict as canonical JSON: what replay compares."""
    grant = verdict.grant
    said = {
        "permitted": verdict.permitted,
        "agreement": grant.rule.agreement if grant else None,
        "agreement_version": grant.rule.agreement_version if grant else None,
        "clause": grant.rule.clause.id if grant else None,
        "basis": str(grant.rule.clause.basis) if grant else None,
        "purpose": str(grant.purpose) if grant else None,
        "consent_id": grant.consent.id if grant and grant.consent else None,
        "request_id": grant.request.id if grant and grant.request else None,
        "also": list(verdict.also),
        "reason": str(verdict.reason) if verdict.reason else None,
        "near_misses": [str(miss) for miss in verdict.misses],
        "fields_removed": list(verdict.fields_removed),
        "source_sees_recipient": verdict.source_sees_recipient,
    }
    return canonical(_plain(said)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
