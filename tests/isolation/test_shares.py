"""No share in an answer is passed over, wherever in it it stands."""

from typing import Any

from tests.isolation.shares import in_view


def _shared(source: str, **more: Any) -> dict[str, Any]:
    return {"share_id": f"of-{source}", "content": {}, "source": {"agency": source}, **more}


def test_what_stands_behind_an_agency_s_own_section_is_found() -> None:
    behind = [_shared("police-north"), _shared("hmp-northgate", others=[_shared("youth-north")])]
    view = {"person_id": "p", "risk_markers": {"content": {}, "own": True, "others": behind}}
    sources = ("police-north", "hmp-northgate", "youth-north")
    assert list(in_view(view)) == [("p", "risk-markers", source) for source in sources]


def test_what_stands_alone_or_in_a_list_is_found() -> None:
    view = {"person_id": "p", "release": _shared("hmp-northgate"), "warnings": [_shared("a"), _shared("b")]}
    found = [("release-date", "hmp-northgate"), ("warning", "a"), ("warning", "b")]
    assert list(in_view(view)) == [("p", *each) for each in found]
