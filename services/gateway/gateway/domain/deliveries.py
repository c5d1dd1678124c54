"""What a source may read out of its ledger."""

from collections.abc import Iterable

from contracts.codes import AgencyKind

NAMED_KINDS = (AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.YOUTH, AgencyKind.HOUSING, AgencyKind.BENEFITS)
"""Kinds that the source may know of by law (clauses 2.x). Of other kinds even that there is none must not be told."""


def no_one_from(told: Iterable[tuple[str, str]]) -> list[AgencyKind]:
    """Kinds of which no agency has the fact, from (kind, state) of the named recipients."""
    have = {kind for kind, state in told if state not in ("refused", "withdrawn")}
    return [kind for kind in NAMED_KINDS if kind not in have]
