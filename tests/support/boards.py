"""Boards of a test's own: entries of one release between a prison and probation, denials, and what came of them."""

import json
from datetime import UTC, datetime
from typing import Any

from contracts.codes import Basis, Category, Effect
from contracts.decisions import DeniedShare, ShareDeniedV1
from gateway.domain.board import Board
from gateway.domain.projection import apply, apply_denial
from gateway.domain.shares import (
    Detail,
    ItemKind,
    NotJustified,
    Place,
    Share,
)

AT = datetime(2026, 11, 2, tzinfo=UTC)
SUBJECT = ("probation-north", "release-date", "release-1")


def share(index: int, version: int = 1, date: str | None = "2026-12-01", **fields: Any) -> Share:
    return Share(
        **{
            "place": Place(log="log", index=index, leaf_hash="aa", at=AT),
            "share_id": f"s{index}",
            "source": "hmp-northgate",
            "source_kind": "prison",
            "recipient": "probation-north",
            "recipient_kind": "probation",
            "category": Category.RELEASE_DATE,
            "version": version,
            "permitted": True,
            "purpose": "offender-management",
            "basis": Basis.STATUTORY,
            "clause": "2.2",
            "source_sees_recipient": True,
            "detail": Detail(
                person_id="person-1",
                subject_ref="release-1",
                type="release.date-changed",
                content={"release_date": date},
                occurred_at="2026-11-02T00:00:00Z",
            ),
            **fields,
        }
    )


def refused(index: int, version: int = 1, **fields: Any) -> Share:
    detail = Detail(person_id="person-1", subject_ref="release-1", type="x", content=None, occurred_at=None)
    return share(index, version, permitted=False, basis=None, clause=None, detail=detail, **fields)


def denial(share_id: str, effect: Effect) -> ShareDeniedV1:
    return ShareDeniedV1(
        denial_id=f"d-{share_id}",
        person_id="person-1",
        effect=effect,
        shares=(DeniedShare(share_id=share_id, recipient="probation-north"),),
        at=AT,
    )


def body(board: Board, share_id: str, kind: ItemKind = ItemKind.SHARE, agency: str = "probation-north") -> Any:
    return json.loads(board.items[agency, share_id, kind].body or "null")


def play(*steps: Share | ShareDeniedV1 | NotJustified, on: Board | None = None) -> Board:
    """These, in their order, on a fresh board or on that one."""
    board = on or Board()
    for step in steps:
        if isinstance(step, ShareDeniedV1):
            apply_denial(board, step)
        else:
            apply(board, step)
    return board
