"""A screening request as one side sees it: what its owner answers that side, and the other's word as it was shared.

Invariant: the answer is there for who asked only while it stands in the view.
"""

from collections.abc import Mapping

from contracts.codes import Category
from contracts.event import JsonObject

WORDS: dict[str, tuple[Category, str]] = {
    "sent": (Category.KNOWN_TO_SERVICE, "answer"),
    "received": (Category.REFERRAL, "reason"),
}
"""By direction: the category in which the other side's word comes, and the word."""


def with_shared(own: JsonObject, shared: Mapping[tuple[str, Category], JsonObject]) -> JsonObject:
    """`shared` holds the contents of the view by request and category. Absent stays absent."""
    category, word = WORDS[own["direction"]]
    said = shared.get((own["screening_id"], category), {}).get(word)
    return own if said is None else own | {word: said}
