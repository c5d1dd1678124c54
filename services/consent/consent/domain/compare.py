"""What one version of an agreement lets flow that another does not: cell by cell, a cell being who, to whom, what."""

from dataclasses import dataclass
from typing import Literal

from consent.domain.policy import Key, Rule, compile_policy
from contracts.agreement import Agreement

Cell = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of one clause that is new, gone, or has other terms. `before` and `after` are the terms in words."""

    change: Literal["added", "removed", "changed"]
    clause: str
    source: str
    recipient: str
    category: str
    before: str
    after: str


def changes_between(before: Agreement, after: Agreement) -> tuple[Change, ...]:
    """Every cell that differs, by clause, then source, recipient and category."""
    old, new = _cells(before), _cells(after)
    return tuple(
        _change(cell, old.get(cell, ""), new.get(cell, ""))
        for cell in sorted(old.keys() | new.keys())
        if old.get(cell) != new.get(cell)
    )


def _change(cell: Cell, before: str, after: str) -> Change:
    clause, key = cell
    kind: Literal["added", "removed", "changed"] = "added" if not before else "removed" if not after else "changed"
    return Change(kind, clause, str(key.source), str(key.recipient), str(key.category), before, after)


def _cells(agreement: Agreement) -> dict[Cell, str]:
    rules = compile_policy([agreement], version=0).rules
    return {(rule.clause.id, key): _terms(rule, key) for key, found in rules.items() for rule in found}


def _terms(rule: Rule, key: Key) -> str:
    """The terms that count for a share, in one line."""
    clause = rule.clause
    said = [str(clause.basis), f"for {', '.join(rule.purposes)}", f"involvement {clause.involvement}"]
    if clause.gateway:
        said.append(clause.gateway)
    if clause.as_referred:
        said.append("as the referral came")
    if key.category in clause.involvement_not_for:
        said.append("no involvement needed")
    if clause.subject_to:
        said.append(f"subject to {clause.subject_to}")
    said += [
        " ".join([condition.kind, *condition.kinds, *([str(condition.days)] if condition.days else [])])
        for condition in clause.conditions
        if not condition.only_for or key.category in condition.only_for
    ]
    redaction = clause.redactions.get(key.category)
    if redaction and redaction.keep is not None:
        said.append(f"keeps {', '.join(redaction.keep)}")
    if redaction and redaction.remove:
        said.append(f"without {', '.join(redaction.remove)}")
    if rule.source_nhs_body or rule.recipient_nhs_body:
        said.append("NHS bodies alone")
    if clause.hours:
        said.append(f"{clause.hours} hours")
    return "; ".join(said)
