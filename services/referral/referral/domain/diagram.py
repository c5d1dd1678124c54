"""The diagram of docs/states/referral.md, from the table itself."""

from contracts.codes import ReferralRole, ReferralState
from referral.domain.machine import ENDED, TRANSITIONS, Stays, Transition

_HEAD = """# States of a referral

Generated from `referral.domain.machine` by `make schemas`; a check fails when it is stale.

Each side is judged by the state that it may know. `back` leads to the state from which consent was withdrawn.
"""


def page() -> str:
    """The page: the diagram of what moves a referral, and the whole table."""
    return f"{_HEAD}\n```mermaid\n{diagram()}\n```\n\n{table()}\n"


def diagram() -> str:
    """Mermaid: every row that leads to another state."""
    lines = ["stateDiagram-v2", "    [*] --> draft", "    [*] --> submitted: sender writes"]
    for row in TRANSITIONS:
        if row.to is Stays.HERE:
            continue
        lines += [f"    {_id(state)} --> {_id(row.to)}: {row.by} {row.action}" for state in _in_order(row)]
    lines += [f"    {_id(state)} --> [*]" for state in ReferralState if state in ENDED]
    return "\n".join(lines)


def table() -> str:
    """A row of the page for each row of the table."""
    lines = ["| who | action | in | leads to | with |", "|---|---|---|---|---|"]
    for role in ReferralRole:
        for row in TRANSITIONS:
            if row.by is role:
                states = ", ".join(state.value for state in _in_order(row))
                lines.append(f"| {row.by} | {row.action} | {states} | {row.to} | {', '.join(sorted(row.when))} |")
    return "\n".join(lines)


def _in_order(row: Transition) -> list[ReferralState]:
    return [state for state in ReferralState if state in row.from_]


def _id(state: ReferralState | Stays) -> str:
    return "back" if state is Stays.BACK else state.value.replace("-", "_")
