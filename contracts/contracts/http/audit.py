"""HTTP bodies of audit (api.md, Auditor). Never the content of a share: who, what category, whom, why and when."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.codes import Basis, Category, EntryKind, Purpose, Reason, Verdict
from contracts.event import Instant
from contracts.hmpps import LONDON

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]


def _beginning(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return datetime.combine(date.fromisoformat(value), time(), LONDON)
    return value


Bound = Annotated[Instant, BeforeValidator(_beginning)]
"""An end of a range: an instant with its offset, or a bare day: its beginning in England and Wales."""
Member = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Filter(BaseModel):
    """Query parameters; what is not set does not narrow. Ranges are half-open."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)


class ShareFilter(Filter):
    """`GET /shares`."""

    person_id: OpaqueId | None = None
    source: Code | None = None
    recipient: Code | None = None
    category: Category | None = None
    purpose: Purpose | None = None
    basis: Basis | None = None
    decision: Verdict | None = None
    clause: Code | None = None
    reason: Reason | None = None
    member: Member | None = None
    subject_ref: OpaqueId | None = None
    decided_from: Bound | None = None
    decided_to: Bound | None = None


class EntryFilter(Filter):
    """`GET /entries`."""

    kind: EntryKind | None = None
    person_id: OpaqueId | None = None
    agency: Code | None = None
    member: Member | None = None
    decided_from: Bound | None = None
    decided_to: Bound | None = None


class AccessFilter(Filter):
    """`GET /accesses`."""

    person_id: OpaqueId | None = None
    agency: Code | None = None
    member: Member | None = None


class SummaryFilter(Filter):
    """`GET /summary`. `from` and `to` bound the time of decision."""

    by: Literal["recipient", "category", "basis", "decision"]
    from_: Bound | None = Field(default=None, alias="from")
    to: Bound | None = None


class CountsFilter(Filter):
    """`GET /permitted-counts`. `size` counts as if the log ended there, so that two sides speak of the same moment."""

    size: int | None = Field(default=None, ge=0)


class NearMissAnswer(Body):
    clause: str
    condition: str
    wanted: str
    was: str
    reason: str


class ShareEntry(Body):
    """One decision about one share. What named a person is null once it was erased."""

    index: int
    share_id: str
    person_id: str | None
    source: str
    recipient: str
    category: Category
    purpose: Purpose | None
    subject_ref: str | None
    version: int
    decision: Verdict
    basis: Basis | None
    agreement: str | None
    agreement_version: str | None
    clause: str | None
    also_permitted_by: list[str]
    consent_id: str | None
    reason: Reason | None
    near_misses: list[NearMissAnswer]
    near_misses_cut: int
    fields_removed: list[str]
    policy_hash: str
    content_digest: str
    requested_by: str | None = None
    ends: str | None = None
    effect: str | None = None
    decided_at: datetime
    recorded_at: datetime


class DisclosedShare(ShareEntry):
    """A share with what became of it."""

    delivered_at: datetime | None
    acknowledged_at: datetime | None


class LoggedShare(DisclosedShare):
    """One share with its `leaf`: the exact bytes that were hashed and signed, base64."""

    leaf: str
    leaf_hash: str


class SharePage(Body):
    items: list[ShareEntry]
    next: str | None


class Explanation(Body):
    """A decision in plain words, a sentence each, and nothing that names a person."""

    share_id: str
    sentences: list[str]


class OtherEntry(Body):
    """Any entry. `facts` are what the leaf says in plain codes; for shares its members other than tags and digests."""

    index: int
    kind: EntryKind
    event: str
    person_id: str | None
    agency: str | None
    member: str | None
    facts: dict[str, Any]
    content_digest: str
    decided_at: datetime
    recorded_at: datetime


class EntryPage(Body):
    items: list[OtherEntry]
    next: str | None


class Disclosures(Body):
    """A page of everything that was ever shared or refused about one person, oldest first.

    `count` is how many there are in all, in a log that had `size` entries.
    """

    person_id: str
    size: int
    count: int
    items: list[DisclosedShare]
    next: str | None


class SummaryCount(Body):
    """`period` is the first day of a month, or of a day where the range is at most 31 days."""

    value: str | None
    period: str
    permitted: int
    refused: int


class Summary(Body):
    by: str
    items: list[SummaryCount]


class OpenClaim(Body):
    """An involvement that an agency claimed and nobody confirmed."""

    index: int
    involvement_id: str
    person_id: str
    agency: str
    roles: list[str]
    via: str
    member: str | None
    since: datetime


class ClaimPage(Body):
    items: list[OpenClaim]
    next: str | None


class AccessEntry(Body):
    """One look: which agency, at whom (null for a list), by which route, how many items."""

    index: int
    agency: str
    member: str | None
    person_id: str | None
    route: str
    filters: list[str]
    count: int | None
    at: datetime


class AccessPage(Body):
    items: list[AccessEntry]
    next: str | None


class PermittedCount(Body):
    """Permitted entries of one recipient, and how many of them a later entry ended or withdrew; the rest is live."""

    recipient: str
    permitted: int
    ended: int
    withdrawn: int
    live: int


class PermittedCounts(Body):
    size: int
    items: list[PermittedCount]
