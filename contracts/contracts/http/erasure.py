"""Operators' bodies of erasing a person. The controllers decide (UK GDPR Article 17); Throughgate carries it out."""

from contracts.codes import ErasureReason
from contracts.event import Instant
from contracts.http.caseload import Body, Reference


class ErasureBody(Body):
    """`POST /erasures`: everything about the person goes, for good. A code says why, and no free text is taken."""

    person: Reference
    reason: ErasureReason


class ErasureAnswer(Body):
    erasure_id: str
    person_id: str
    reason: ErasureReason
    at: Instant
