"""Two agencies of every kind but the auditor: the made-up ones of deploy/, and a second one where it has but one."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.support.pipe import DEPLOY

_SECONDS: dict[str, dict[str, Any]] = {
    "benefits-south": {"kind": "benefits"},
    "court-southtown": {"kind": "court"},
    "das-moorland": {"kind": "drug-alcohol", "nhs_body": True, "codes": {"ods": "X9D02"}},
    "health-southmoor": {"kind": "prison-health", "nhs_body": True, "codes": {"ods": "X9N02"}},
    "housing-southtown": {"kind": "housing"},
    "ld-south": {"kind": "liaison-diversion", "nhs_body": True, "codes": {"ods": "X9L02"}},
    "police-south": {"kind": "police"},
    "probation-south": {"kind": "probation"},
    "yot-southtown": {"kind": "youth"},
}
_NATIONAL = "hmpps-national"
"""Tells of movements in every prison, and receives nothing."""


def _given() -> dict[str, dict[str, Any]]:
    found = [yaml.safe_load(path.read_text()) for path in sorted((DEPLOY / "agencies").glob("*.yaml"))]
    return {str(each["id"]): each for each in found} | _SECONDS


AGENCIES = {name: each for name, each in _given().items() if name != _NATIONAL}
KINDS: dict[str, str] = {name: str(each["kind"]) for name, each in AGENCIES.items()}
NHS = frozenset(name for name, each in AGENCIES.items() if each.get("nhs_body"))
CONTRACTED = frozenset(name for name, each in AGENCIES.items() if each.get("contracted_by"))
AUDITOR = "auditor-north"
PARTIES = sorted(set(KINDS) - {AUDITOR})


def deployed(folder: Path) -> Path:
    """A copy of deploy/ in that folder, with the second agencies beside the first."""
    shutil.copytree(DEPLOY, folder, dirs_exist_ok=True)
    for number, (name, given) in enumerate(_SECONDS.items()):
        email, telephone = f"contact@{name}.example", f"01632 960{200 + number}"
        contact = {"name": f"Single point of contact, {name}", "email": email, "telephone": telephone}
        entry = {"id": name, "name": name, "area": "southshire", "nhs_body": False, "contact": contact, **given}
        (folder / "agencies" / f"{name}.yaml").write_text(json.dumps(entry))
    return folder
