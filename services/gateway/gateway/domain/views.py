"""A person's view as JSON text, joined from sections that are kept ready."""

import json
from collections import defaultdict
from collections.abc import Iterable

from contracts.codes import Category
from contracts.event import JsonObject

FIELDS: dict[Category, tuple[str, bool]] = {
    Category.IDENTITY: ("identity", False),
    Category.RELEASE_DATE: ("release", False),
    Category.CUSTODY_STATUS: ("custody_status", False),
    Category.ACCOMMODATION: ("accommodation", False),
    Category.LICENCE_CONDITIONS: ("licence_conditions", False),
    Category.RISK_MARKERS: ("risk_markers", False),
    Category.CASELOAD: ("caseload", False),
    Category.MEDICATION: ("medication", False),
    Category.KNOWN_TO_SERVICE: ("known_to_service", False),
    Category.WARNING: ("warnings", True),
    Category.REFERRAL: ("referrals", True),
    Category.REFERRAL_STATUS: ("referrals", True),
    Category.ENGAGEMENT: ("engagement", True),
}
"""The field of each category in the view, and whether it is a list."""

Sections = Iterable[tuple[Category, str]]
"""Category and JSON of a section, the most telling first."""


def own_section(content: JsonObject) -> str:
    """A section of what the agency itself said."""
    return json.dumps({"content": content, "own": True}, ensure_ascii=False, separators=(",", ":"))


def own_release(answer: JsonObject) -> JsonObject:
    """A prison's own release in the form in which others are shown it, with its id and version."""
    content = {"release_date": None, **answer, **answer.get("effective", {})}
    return {name: value for name, value in content.items() if name not in ("effective", "person_id")}


def person_view(person_id: str, sections: Sections) -> str:
    """The view. Of a field that holds one section the first is it, and further ones are its `others`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for category, body in sections:
        found[FIELDS[category][0]].append(body)
    members = [f'"person_id":{json.dumps(person_id)}']
    for name, is_list in dict(FIELDS.values()).items():
        if is_list:
            members.append(f'"{name}":[{",".join(found[name])}]')
        elif found[name]:
            members.append(f'"{name}":{_with_others(*found[name])}')
    return "{" + ",".join(members) + "}"


def _with_others(first: str, *others: str) -> str:
    return f'{first[:-1]},"others":[{",".join(others)}]}}' if others else first
