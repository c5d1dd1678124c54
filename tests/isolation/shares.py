"""Every share in an answer: who wrote what of whom, as the answer itself says it, with words of theirs in it or not."""

from collections.abc import Iterator
from typing import Any

SECTIONS = {"release": "release-date", "warnings": "warning"}
"""Sections of a person's view that do not bear the name of their category."""

Said = tuple[str, str, str]
"""Person's id, category, and the agency that it comes from."""


def in_feed(page: dict[str, Any]) -> Iterator[Said]:
    """What the items of a feed still show; one that was taken back shows nothing."""
    for item in page["items"]:
        if item["content"] is not None:
            yield item["person_id"], item["category"], item["source"]["agency"]


def in_view(view: dict[str, Any]) -> Iterator[Said]:
    """What the sections of a person's view show of others' words, those behind another one included."""
    for name, found in view.items():
        for section in _sections(found):
            if "share_id" in section:
                yield view["person_id"], _category(name, section["content"]), section["source"]["agency"]


def _sections(found: Any) -> Iterator[dict[str, Any]]:
    """One, or a list of them, each with its `others`."""
    for section in found if isinstance(found, list) else [found]:
        if isinstance(section, dict):
            yield section
            yield from _sections(section.get("others", []))


def _category(name: str, content: dict[str, Any]) -> str:
    if name == "referrals":
        return "referral-status" if "state" in content else "referral"
    return SECTIONS.get(name, name.replace("_", "-"))
