"""HTTP bodies of merges and of the matching queue: who is one person and who is two. For operators."""

from typing import Literal

from contracts.codes import Scheme
from contracts.event import Instant
from contracts.http.caseload import Body, Reference


class MergeBody(Body):
    """`POST /merges` (operators): everything of the removed record moves to the kept one."""

    kept_id: Reference
    removed_id: Reference


class MergeAnswer(Body):
    merge_id: str
    kept_id: str
    removed_id: str
    reversed: bool


class DoubtAnswer(Body):
    """One entry of the matching queue. Identifiers are not shown; the two records are."""

    doubt_id: str
    kind: Literal["other-identity", "two-persons", "second-value"]
    person_id: str
    other_person_id: str | None
    scheme: Scheme
    raised_by: str
    raised_at: Instant
    state: Literal["open", "merged", "apart"]


class DoubtList(Body):
    items: list[DoubtAnswer]
    next: str | None = None


class DoubtDecision(Body):
    """`POST /doubts/{doubt_id}/decision`: one person (the other record moves into `keep`) or two."""

    decision: Literal["merge", "keep-apart"]
    keep: Reference | None = None
