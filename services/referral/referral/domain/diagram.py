"""The diagrams of docs/states, from the tables themselves."""

from enum import StrEnum

from contracts.codes import ReferralRole, ReferralState
from referral.domain.machine import ENDED, TRANSITIONS, Stays, Transition
from referral.domain.screening import RECEIVED, SENT, Moves

_HEAD = """# States of a referral

Generated from `referral.domain.machine` by `make schemas`; a check fails when it is stale.

Each side is judged by the state that it may know. `back` leads to the state from which consent was withdrawn.
"""

_SCREENING_HEAD = """# States of a screening request

Generated from `referral.domain.screening` by `make schemas`; a check fails when it is stale.

Each side stands where it may know that it stands. `shown` and `hidden` are of the answer, to who asked.
"""


def page() -> str:
    """The page: the diagram of what moves a referral, and the whole table."""
    return f"{_HEAD}\n```mermaid\n{diagram()}\n```\n\n{table()}\n"


def screening_page() -> str:
    """The page of screening requests: a diagram for each side."""
    sides = [("Who asked", SENT), ("Who is asked", RECEIVED)]
    parts = [f"## {name}\n\n```mermaid\n{_side_diagram(moves)}\n```\n" for name, moves in sides]
    return "\n".join([_SCREENING_HEAD, *parts])


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


def _side_diagram(moves: Moves) -> str:
    lines = ["stateDiagram-v2", "    [*] --> pending: asked"]
    for state, steps in moves.items():
        lines += [f"    {_id(state)} --> {_id(to)}: {step}" for step, to in steps.items()]
    return "\n".join(lines)


def _in_order(row: Transition) -> list[ReferralState]:
    return [state for state in ReferralState if state in row.from_]


def _id(state: StrEnum) -> str:
    return "back" if state is Stays.BACK else state.value.replace("-", "_")
