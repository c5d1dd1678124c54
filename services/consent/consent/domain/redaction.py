"""Which fields of an offer's content a recipient never sees: by its kind, always; by the clause, besides.

Fields are dotted names of leaves (`name.family`); an identifier is named by its scheme (`identifiers.pnc`), a risk
marker by its code (`markers.arson`).
A field is taken out with everything under it. `fields_removed` says what was really there and went, nothing else.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from contracts.agreement import Redaction
from contracts.codes import AgencyKind, Category

HEALTH_KINDS = frozenset(
    {AgencyKind.PRISON_HEALTH, AgencyKind.MENTAL_HEALTH, AgencyKind.DRUG_ALCOHOL, AgencyKind.LIAISON_DIVERSION}
)
JUSTICE_KINDS = frozenset(
    {AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.COURT, AgencyKind.YOUTH}
)
NAME_ONLY_KINDS = frozenset({AgencyKind.HOUSING, AgencyKind.BENEFITS, AgencyKind.PROVIDER})

HEALTH = "health"
"""In a redaction: health data wherever it stands, that is a field of this name or one of `HEALTH_FIELDS`."""

HEALTH_FIELDS = frozenset({"markers.self-harm", "markers.suicide"})
"""Risk markers that say something about a person's health."""

LABELS = {"identifiers": "scheme", "markers": "code"}
"""Lists whose entries are kept or removed whole, and the field that names an entry."""

PROTECTED = frozenset({"gender_recognition", "gender_history", "previous_gender"})
"""Protected information under the Gender Recognition Act 2004 s.22: an offer that holds it is refused whole."""

ALWAYS: dict[AgencyKind, tuple[str, ...]] = {
    **dict.fromkeys(HEALTH_KINDS, ("identifiers.pnc", "identifiers.cro")),
    **dict.fromkeys(JUSTICE_KINDS, ("identifiers.nhs",)),
}
NAME_ONLY = ("name", "date_of_birth", "contact")


def removed(
    fields: Sequence[str], category: Category, recipient: AgencyKind, clause: Redaction | None
) -> tuple[str, ...]:
    """The fields, of those there are, that this recipient does not get; sorted."""
    gone = set()
    for field in fields:
        if category == Category.IDENTITY:
            if _is_in(field, ALWAYS.get(recipient, ())):
                gone.add(field)
            if recipient in NAME_ONLY_KINDS and not _is_in(field, NAME_ONLY):
                gone.add(field)
        if recipient == AgencyKind.POLICE and category != Category.WARNING and is_health(field):
            gone.add(field)
        if clause is None:
            continue
        if _is_in(field, clause.remove) or (HEALTH in clause.remove and is_health(field)):
            gone.add(field)
        if clause.keep is not None and not _is_in(field, clause.keep):
            gone.add(field)
    return tuple(sorted(gone))


def is_health(field: str) -> bool:
    return HEALTH in field.split(".") or field in HEALTH_FIELDS


def holds_protected(fields: Iterable[str]) -> bool:
    return any(PROTECTED & set(field.split(".")) for field in fields)


def field_names(content: dict[str, Any]) -> tuple[str, ...]:
    """The dotted names of every leaf, sorted. A list's entries share a name, except where `LABELS` names each."""
    return tuple(sorted(set(_names(content, ()))))


def redact(content: dict[str, Any], gone: Iterable[str]) -> dict[str, Any]:
    """The content without the named fields; a container that lost its last field goes too."""
    found = _without(content, (), frozenset(gone))
    return found if isinstance(found, dict) else {}


_NOTHING = object()


def _names(value: Any, path: tuple[str, ...]) -> Iterable[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _names(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _entry_names(item, path)
    else:
        yield ".".join(path)


def _entry_names(item: Any, path: tuple[str, ...]) -> Iterable[str]:
    label = _label(item, path)
    if label is not None:
        yield ".".join(label)
    else:
        yield from _names(item, path)


def _label(item: Any, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The name of a list's entry that is removed or kept as one, else None."""
    if not isinstance(item, dict) or len(path) != 1 or path[0] not in LABELS:
        return None
    label = item.get(LABELS[path[0]])
    return None if label is None else (*path, str(label))


def _without(value: Any, path: tuple[str, ...], gone: frozenset[str]) -> Any:
    if isinstance(value, dict) and value:
        kept = {key: _without(inner, (*path, key), gone) for key, inner in value.items()}
        left = {key: inner for key, inner in kept.items() if inner is not _NOTHING}
        return left or _NOTHING
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        entries = [_without_entry(item, path, gone) for item in value]
        left_over = [entry for entry in entries if entry is not _NOTHING]
        return left_over or _NOTHING
    return _NOTHING if ".".join(path) in gone else value


def _without_entry(item: Any, path: tuple[str, ...], gone: frozenset[str]) -> Any:
    label = _label(item, path)
    if label is not None:
        return _NOTHING if ".".join(label) in gone else item
    return _without(item, path, gone)


def _is_in(field: str, names: Iterable[str]) -> bool:
    return any(field == name or field.startswith(name + ".") for name in names)
