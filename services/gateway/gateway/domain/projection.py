"""What one proven entry, or one denial, does to the board."""

from dataclasses import replace

from contracts.codes import Basis, Category, Effect
from contracts.decisions import ShareDeniedV1
from contracts.event import JsonObject
from gateway.domain import bodies
from gateway.domain.board import Board
from gateway.domain.shares import (
    Detail,
    Item,
    ItemKind,
    LedgerLine,
    LedgerState,
    NotJustified,
    Place,
    Share,
    Visible,
    change_between,
)


def apply(board: Board, entry: Share | NotJustified) -> str | None:
    """Apply one proven entry, in log order. Returns a code if it is a permit that is not shown, else None."""
    if isinstance(entry, NotJustified):
        _tell_source_of_review(board, entry)
        return None
    return apply_share(board, entry)


def apply_share(board: Board, share: Share) -> str | None:
    """End what it ends, then show what it permits, then write it into its source's ledger."""
    withdraws: JsonObject = {}
    if share.ends is not None and share.effect is not None:
        withdraws = _end(board, share, ended=share.ends, effect=share.effect)
    if share.detail is None:
        return None
    why = _show(board, share, share.detail, withdraws) if share.permitted else None
    if why is None:
        _count(board, share, share.detail)
        if share.permitted and share.basis is Basis.VITAL_INTERESTS and share.category is not Category.WARNING:
            _tell_source_of_emergency(board, share, share.detail)
    return why


def apply_denial(board: Board, denial: ShareDeniedV1) -> None:
    """Hide at once. It can only hide: it brings nothing and needs no proof."""
    for share in denial.shares:
        board.deny(share.recipient, share.share_id, denial.effect)


def _end(board: Board, share: Share, *, ended: str, effect: Effect) -> JsonObject:
    """What the ended share's recipient is told in the feed: by an item of its own, or by the permit in its place.

    An entry has one place in a feed, so a permit says in its own item what it withdraws; the fields are returned.
    """
    item = board.share_item(share.recipient, ended)
    board.deny(share.recipient, ended, effect)
    if effect is not Effect.WITHDRAW:
        return {}
    board.mark_withdrawn(ended)
    if item is None or (share.recipient, share.share_id, ItemKind.WITHDRAWN) in board.items:
        return {}
    withdraws = bodies.withdrawing(item, board.older_than(item))
    if not share.permitted or share.detail is None:
        body = bodies.withdrawn_body(share, item, withdraws)
        about = _item(
            share.place, item, kind=ItemKind.WITHDRAWN, share_id=share.share_id, agency=item.agency, body=body
        )
        board.add(about)
    return withdraws


def _show(board: Board, share: Share, detail: Detail, withdraws: JsonObject) -> str | None:
    subject = (share.recipient, share.category, detail.subject_ref)
    if board.share_item(share.recipient, share.share_id) is not None:
        return "seen"
    shown = board.shown(subject)
    if shown and share.version < max(item.version for item in shown):
        return "stale"
    effect = board.denied.get(share.share_id)
    dated = share.category is Category.RELEASE_DATE
    now = _release_date(detail) if dated else None
    before = next((item.release_date for item in reversed(shown) if not item.hidden), None)
    change = change_between(before, now) if dated else None
    item = Item(
        agency=share.recipient,
        cursor=share.place.index,
        kind=ItemKind.SHARE,
        share_id=share.share_id,
        person_id=detail.person_id,
        category=share.category,
        subject_ref=detail.subject_ref,
        version=share.version,
        source=share.source,
        source_kind=share.source_kind,
        told_source=share.source_sees_recipient,
        purpose=share.purpose,
        basis=share.basis,
        clause=share.clause,
        release_date=now,
        hidden=False,
        available_at=share.place.at,
        body=bodies.share_body(share, change, withdraws),
    )
    if effect is None:
        board.add(item)
        board.show(
            subject,
            Visible(
                person_id=detail.person_id,
                version=share.version,
                share_id=share.share_id,
                cursor=share.place.index,
                body=bodies.section_body(share, change),
            ),
        )
        return None
    born = born_hidden(item)
    board.add(born)
    board.unshow(subject)
    board.hide(born, effect)
    return None


def _release_date(detail: Detail) -> str | None:
    found = (detail.content or {}).get("release_date")
    return str(found) if found else None


def born_hidden(item: Item) -> Item:
    """An item whose denial came first: it takes its place in the feed and never says anything."""
    assert item.body is not None
    return replace(item, hidden=True, release_date=None, body=bodies.blanked(item.body))


def _count(board: Board, share: Share, detail: Detail) -> None:
    if not share.permitted and share.effect is Effect.WITHDRAW and share.ends is not None:
        ended = board.share_item(share.recipient, share.ends)
        if ended is not None and ended.version == share.version:
            return  # the ended share's own line already says that it was withdrawn
    named = share.source_sees_recipient
    line = LedgerLine(
        agency=share.source,
        cursor=share.place.index,
        share_id=share.share_id,
        person_id=detail.person_id,
        category=share.category,
        subject_ref=detail.subject_ref,
        version=share.version,
        recipient=share.recipient if named else None,
        recipient_kind=share.recipient_kind if named else None,
        state=LedgerState.RECORDED if share.permitted else LedgerState.REFUSED,
        reason=share.reason if named else None,
        clause=share.clause if named else None,
        at=share.place.at,
    )
    board.count(line, share.recipient)


def _tell_source_of_emergency(board: Board, share: Share, detail: Detail) -> None:
    item = Item(
        agency=share.source,
        cursor=share.place.index,
        kind=ItemKind.EMERGENCY,
        share_id=share.share_id,
        person_id=detail.person_id,
        category=share.category,
        subject_ref=detail.subject_ref,
        version=share.version,
        source=share.source,
        source_kind=share.source_kind,
        told_source=False,
        purpose=share.purpose,
        basis=share.basis,
        clause=share.clause,
        release_date=None,
        hidden=False,
        available_at=share.place.at,
        body=bodies.emergency_body(share),
    )
    board.add(item)


def _tell_source_of_review(board: Board, review: NotJustified) -> None:
    reviewed = board.share_item(review.recipient, review.share_id)
    if reviewed is None or (review.source, review.share_id, ItemKind.NOT_JUSTIFIED) in board.items:
        return
    body = bodies.not_justified_body(review, reviewed)
    kind = ItemKind.NOT_JUSTIFIED
    board.add(_item(review.place, reviewed, kind=kind, share_id=review.share_id, agency=review.source, body=body))


def _item(place: Place, about: Item, *, kind: ItemKind, share_id: str, agency: str, body: str) -> Item:
    """An item that says something about another item, at the place of the entry that says it."""
    return Item(
        agency=agency,
        cursor=place.index,
        kind=kind,
        share_id=share_id,
        person_id=about.person_id,
        category=about.category,
        subject_ref=about.subject_ref,
        version=about.version,
        source=about.source,
        source_kind=about.source_kind,
        told_source=False,
        purpose=about.purpose,
        basis=about.basis,
        clause=about.clause,
        release_date=None,
        hidden=False,
        available_at=place.at,
        body=body,
    )
