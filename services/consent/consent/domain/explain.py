"""A verdict as canonical JSON (RFC 8785): the same verdict is the same bytes wherever it is written."""

from consent.domain.decide import Verdict
from contracts.log_proof import canonical


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
    return canonical(said).decode()
