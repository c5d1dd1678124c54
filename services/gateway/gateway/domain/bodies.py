"""The JSON that agencies are given, made once when it is shown.

A feed item's body has every field but `cursor`: the front puts it in front, because it is signed with the front's key.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from contracts.event import JsonObject
from gateway.domain.shares import Change, Erased, Item, ItemKind, NotJustified, Place, Share, derived_id


def item_id_of(share_id: str, kind: ItemKind, at: datetime) -> str:
    """A share's item is named by the share, which has one recipient; other items by what they say of which share.

    `at` is when the entry was recorded, which is when the item became available.
    """
    return share_id if kind is ItemKind.SHARE else derived_id(at, kind, share_id)


def share_body(share: Share, change: Change | None, withdraws: JsonObject) -> str:
    """The feed item of a permitted share; the caller knows that its detail holds. `withdraws` is from `withdrawing`."""
    detail = share.detail
    assert detail is not None
    return _text(
        {
            "item_id": share.share_id,
            "share_id": share.share_id,
            "category": share.category,
            "type": detail.type,
            "person_id": detail.person_id,
            "content": detail.content,
            "source": _source(share),
            "purpose": share.purpose,
            "basis": share.basis,
            "clause": share.clause,
            "occurred_at": detail.occurred_at,
            "available_at": _instant(share.place),
            "change": _change(change),
            "receipt": _receipt(share.place),
            **withdraws,
        }
    )


def withdrawing(ended: Item, older: Sequence[Item]) -> JsonObject:
    """The fields that say that `ended` was withdrawn, and what was blanked with it."""
    also = {"also_withdrawn": [each.share_id for each in older]} if older else {}
    return {"withdraws": ended.share_id, **also}


def blanked(body: str) -> str:
    """The same item without what it said; its id, cursor and receipt stay, so that the recipient can find its copy."""
    return _text({**json.loads(body), "content": None, "change": None, "withdrawn": True})


def withdrawn_body(share: Share, ended: Item, withdraws: JsonObject) -> str:
    """The item that says that `ended` was withdrawn; it gives no reason, which is the person's own."""
    return _text(
        {
            "item_id": item_id_of(share.share_id, ItemKind.WITHDRAWN, share.place.at),
            "share_id": ended.share_id,
            "category": ended.category,
            "type": "withdrawn",
            "person_id": ended.person_id,
            "content": None,
            "source": _source(share),
            "purpose": ended.purpose,
            "basis": ended.basis,
            "clause": ended.clause,
            "occurred_at": _instant(share.place),
            "available_at": _instant(share.place),
            "change": None,
            "receipt": _receipt(share.place),
            **withdraws,
        }
    )


def emergency_body(share: Share) -> str:
    """Tells the source which emergency share took from it; the recipient only where the clause lets it know."""
    assert share.detail is not None
    recipient = {"agency": share.recipient, "kind": share.recipient_kind} if share.source_sees_recipient else None
    content = {"recipient": recipient, "version": share.version, "review_due_at": share.review_due_at}
    return _text(
        {
            "item_id": item_id_of(share.share_id, ItemKind.EMERGENCY, share.place.at),
            "share_id": share.share_id,
            "category": share.category,
            "type": "emergency.shared",
            "person_id": share.detail.person_id,
            "content": content,
            "source": _source(share),
            "purpose": share.purpose,
            "basis": share.basis,
            "clause": share.clause,
            "occurred_at": _instant(share.place),
            "available_at": _instant(share.place),
            "change": None,
            "receipt": _receipt(share.place),
        }
    )


def not_justified_body(review: NotJustified, reviewed: Item) -> str:
    """Tells the source that an emergency share of its fact was not justified and has been withdrawn."""
    return _text(
        {
            "item_id": item_id_of(review.share_id, ItemKind.NOT_JUSTIFIED, review.place.at),
            "share_id": review.share_id,
            "category": reviewed.category,
            "type": "emergency.not-justified",
            "person_id": reviewed.person_id,
            "content": None,
            "source": {"agency": review.source, "kind": reviewed.source_kind},
            "purpose": reviewed.purpose,
            "basis": reviewed.basis,
            "clause": reviewed.clause,
            "occurred_at": _instant(review.place),
            "available_at": _instant(review.place),
            "change": None,
            "receipt": _receipt(review.place),
        }
    )


def erased_body(
    erased: Erased, *, share_id: str, ids: Sequence[str], category: str, source: str, source_kind: str
) -> str:
    """Tells an agency that a person was erased, by the ids that its feed knew them by; `source` gave it the newest."""
    return _text(
        {
            "item_id": item_id_of(share_id, ItemKind.ERASED, erased.place.at),
            "share_id": share_id,
            "category": category,
            "type": "person.erased",
            "person_id": ids[-1],
            "content": {"person_ids": list(ids)},
            "source": {"agency": source, "kind": source_kind},
            "purpose": None,
            "basis": None,
            "clause": None,
            "occurred_at": _instant(erased.place),
            "available_at": _instant(erased.place),
            "change": None,
            "receipt": _receipt(erased.place),
        }
    )


def section_body(share: Share, change: Change | None) -> str:
    """A section of the person's view."""
    assert share.detail is not None
    section: JsonObject = {
        "content": share.detail.content,
        "share_id": share.share_id,
        "basis": share.basis,
        "clause": share.clause,
        "source": _source(share),
        "received_at": _instant(share.place),
    }
    if change is not None:
        section["change"] = _change(change)
    return _text(section)


def _source(share: Share) -> JsonObject:
    return {"agency": share.source, "kind": share.source_kind}


def _receipt(place: Place) -> JsonObject:
    return {"log": place.log, "index": place.index, "leaf_hash": place.leaf_hash}


def _change(change: Change | None) -> JsonObject | None:
    return None if change is None else {"previous_date": change.previous_date, "direction": change.direction}


def _instant(place: Place) -> str:
    return place.at.isoformat().replace("+00:00", "Z")


def _text(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
