"""The topics (contracts/topics/*.yaml) as the code knows them; the files are the source, this reads them."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class Topic(StrEnum):
    CASELOAD_EVENTS = "caseload-events"
    RELEASE_EVENTS = "release-events"
    REFERRAL_EVENTS = "referral-events"
    OFFERS = "offers"
    SHARE_RECEIPTS = "share-receipts"
    CONSENT_EVENTS = "consent-events"
    SHARE_LOG = "share-log"
    SHARE_DENIALS = "share-denials"
    ACCESS_EVENTS = "access-events"


class TopicSpec(BaseModel):
    """One file of contracts/topics."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Topic
    description: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    key: str
    partitions: int
    retention_days: int
    personal_data: Literal["none", "opaque-ids", "personal", "special-category"]
    types: tuple[str, ...]


def _folder() -> Path:
    here = Path(__file__).resolve().parent
    packaged = here / "_topics"
    return packaged if packaged.is_dir() else here.parent / "topics"


@cache
def specs() -> dict[Topic, TopicSpec]:
    """Every topic's specification by name; raises if a file and the enum disagree."""
    found = [TopicSpec.model_validate(yaml.safe_load(path.read_text())) for path in sorted(_folder().glob("*.yaml"))]
    by_name = {spec.name: spec for spec in found}
    missing = set(Topic) - set(by_name)
    if missing:
        raise LookupError(f"contracts/topics lacks a file for {sorted(missing)}")
    return by_name
