"""Which person a registration belongs to, and which doubts it leaves for people to settle.

A registration never joins a person whom it contradicts, and never merges two: it is kept apart, and the doubt goes to
the matching queue. What it is told does not depend on what others hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from caseload.domain.identifiers import SINGLE, Identifier
from caseload.domain.identities import Identity, agree


class Doubt(StrEnum):
    """Why an identifier went to the matching queue."""

    OTHER_IDENTITY = "other-identity"
    """Somebody else holds the identifier, under another name or date of birth."""
    TWO_PERSONS = "two-persons"
    """The identifiers given belong to two persons on record."""
    SECOND_VALUE = "second-value"
    """The person is known under another value of a scheme of which people have one."""


@dataclass(frozen=True)
class Known:
    """A person on record: what each agency said, which identifiers are held, which agencies registered the person."""

    person_id: str
    identities: Sequence[Identity] = ()
    identifiers: frozenset[Identifier] = frozenset()


@dataclass(frozen=True)
class Match:
    """`person_id` None: a new person. `take`: identifiers the person gains. `doubts`: (kind, identifier, other)."""

    person_id: str | None
    take: tuple[Identifier, ...] = ()
    doubts: tuple[tuple[Doubt, Identifier, str | None], ...] = field(default=())


def match(
    *,
    given: Sequence[Identifier],
    identity: Identity,
    holders: Mapping[Identifier, Known],
    own: Known | None,
) -> Match:
    """The person for a registration that gives these identifiers, in order of weight (the path's own first).

    `holders` has the person on record for each identifier that somebody holds; `own` is the person under which this
    agency registered before, which never changes by itself.
    """
    joined = own or _first_agreeing(given, identity, holders)
    take: list[Identifier] = []
    doubts: list[tuple[Doubt, Identifier, str | None]] = []
    for identifier in given:
        holder = holders.get(identifier)
        if holder is None:
            if joined is not None and _has_another(joined, identifier):
                doubts.append((Doubt.SECOND_VALUE, identifier, None))
            else:
                take.append(identifier)
        elif joined is None or holder.person_id != joined.person_id:
            agreeing = all(agree(identity, other) for other in holder.identities)
            kind = Doubt.TWO_PERSONS if agreeing else Doubt.OTHER_IDENTITY
            doubts.append((kind, identifier, holder.person_id))
        elif own is not None and not all(agree(identity, other) for other in holder.identities):
            doubts.append((Doubt.OTHER_IDENTITY, identifier, None))
    return Match(joined.person_id if joined else None, tuple(take), tuple(doubts))


def _first_agreeing(
    given: Sequence[Identifier], identity: Identity, holders: Mapping[Identifier, Known]
) -> Known | None:
    for identifier in given:
        holder = holders.get(identifier)
        if holder is not None and all(agree(identity, other) for other in holder.identities):
            return holder
    return None


def _has_another(person: Known, identifier: Identifier) -> bool:
    return identifier.scheme in SINGLE and any(
        held.scheme is identifier.scheme and held != identifier for held in person.identifiers
    )
