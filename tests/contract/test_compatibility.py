"""What may follow a schema under the same type, and that a break names its type and its field."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.registry import EVENTS
from throughgate.contracts_gen import compat
from throughgate.contracts_gen.compatibility import breaks
from throughgate.contracts_gen.schemas import FOLDER, schema_of

Schema = dict[str, Any]
DECIDED = schema_of(EVENTS["offer.decided.v1"])
CHANGED = schema_of(EVENTS["release.date-changed.v1"])


def changed(schema: Schema, change: Callable[[Schema], object]) -> Schema:
    found = copy.deepcopy(schema)
    change(found)
    return found


def without(name: str) -> Callable[[Schema], None]:
    def change(schema: Schema) -> None:
        del schema["properties"][name]
        schema["required"] = [each for each in schema["required"] if each != name]

    return change


BREAKING: dict[str, tuple[Schema, Callable[[Schema], object], str]] = {
    "a required field is gone": (CHANGED, without("version"), "version is gone, and consumers rely on it"),
    "a required field may be left out": (
        CHANGED,
        lambda s: s["required"].remove("prison"),
        "prison may now be left out, and consumers rely on it",
    ),
    "a new field is required": (
        CHANGED,
        lambda s: (s["properties"].update(court={"type": "string"}), s["required"].append("court")),
        "court is new and required",
    ),
    "an enum is narrower": (
        CHANGED,
        lambda s: s["$defs"]["Direction"]["enum"].remove("later"),
        "direction no longer takes later",
    ),
    "an enum deep down is narrower": (
        DECIDED,
        lambda s: s["$defs"]["Basis"]["enum"].remove("vital-interests"),
        "decisions[].basis no longer takes vital-interests",
    ),
    "a type changed": (
        CHANGED,
        lambda s: s["properties"]["version"].update(type="string"),
        "version was integer, is string",
    ),
    "a type deep down changed": (
        DECIDED,
        lambda s: s["$defs"]["Decision"]["properties"]["facts"]["additionalProperties"].update(type="integer"),
        "decisions[].facts.* was string, is integer",
    ),
    "a field may now be null": (
        CHANGED,
        lambda s: s["properties"].update(prison={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "prison may now be null",
    ),
    "a field may no longer be null": (
        CHANGED,
        lambda s: s["properties"].update(new_date={"type": "string", "format": "date"}),
        "new_date may no longer be null",
    ),
}

PERMITTED: dict[str, tuple[Schema, Callable[[Schema], object]]] = {
    "nothing": (DECIDED, lambda s: s),
    "an added optional field": (CHANGED, lambda s: s["properties"].update(court={"type": "string", "default": ""})),
    "an optional field deep down": (
        DECIDED,
        lambda s: s["$defs"]["Decision"]["properties"].update(note={"type": "string", "default": ""}),
    ),
    "an added word": (DECIDED, lambda s: s["$defs"]["Reason"]["enum"].append("something-new")),
    "other words of explanation": (DECIDED, lambda s: s.update(description="Otherwise said.")),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_break_is_found_and_names_the_field(name: str) -> None:
    schema, change, sentence = BREAKING[name]
    assert [str(each) for each in breaks(schema, changed(schema, change))] == [sentence]


@pytest.mark.parametrize("name", PERMITTED)
def test_what_consumers_can_live_with_may_follow(name: str) -> None:
    schema, change = PERMITTED[name]
    assert breaks(schema, changed(schema, change)) == []


@pytest.mark.parametrize("name", EVENTS)
def test_every_schema_may_follow_itself(name: str) -> None:
    assert breaks(schema_of(EVENTS[name]), schema_of(EVENTS[name])) == []


def test_the_command_compares_with_the_committed_schemas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    file = tmp_path / FOLDER / "release.date-changed.v1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(CHANGED))
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    assert compat.main([], root=tmp_path) == 0

    file.write_text(json.dumps(changed(CHANGED, without("version"))))
    assert compat.main([], root=tmp_path) == 1
    assert "release.date-changed.v1: version is gone" in capsys.readouterr().err

    file.unlink()
    assert compat.main(["--base", "HEAD"], root=tmp_path) == 1
    assert "release.date-changed.v1: the type is gone" in capsys.readouterr().err
    assert compat.main(["--base", "no-such-revision"], root=tmp_path) == 2
