"""The published calculations of the Ministry of Justice, loaded by the command line as a prison would load them."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from shutil import copy
from typing import Any

from tests.support.published import published
from tests.system.world import NORTHGATE, World

RELEASES = ("CRD", "ARD", "PRRD")


def effective(dates: dict[str, str]) -> str | None:
    """Computed apart from the service: calculated dates alone, so actual HDC or parole first, then the later one."""
    parsed = {name: date.fromisoformat(text.strip()) for name, text in dates.items()}
    actual = [parsed[name] for name in ("HDCAD", "APD") if name in parsed]
    if actual:
        return min(actual).isoformat()
    ordinary = [parsed[name] for name in RELEASES if name in parsed]
    candidates = ([max(ordinary)] if ordinary else []) + ([parsed["MTD"]] if "MTD" in parsed else [])
    return max(candidates).isoformat() if candidates else None


async def test_every_published_case_loads_and_its_effective_release_is_right(world: World, tmp_path: Path) -> None:
    file = copy(published("moj-release-dates/cases.ndjson"), tmp_path)
    cases = _cases()
    assert len(cases) == 507
    for case in cases:
        if case["date_of_birth"] is None:
            # who cannot be registered without a date of birth is known from being received into prison
            await _received(world, case["prison_number"])
    command = [sys.executable, "-m", "throughgate", "load", str(file), "--agency", NORTHGATE, "--json"]
    done = subprocess.run(
        [*command, "--url", world.stack.url], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["lines"] == sum(len(case["dates"]) for case in cases)
    assert summary["outcomes"] == {"applied": summary["lines"]}, summary
    wrong = []
    for case in cases:
        found: dict[str, Any] = await world.desk(NORTHGATE).get(f"/people/noms:{case['prison_number']}/release")
        if found["release_date"] != effective(case["dates"]):
            wrong.append(case["case"])
    assert wrong == []


def _cases() -> list[dict[str, Any]]:
    lines = published("moj-release-dates/cases.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


async def _received(world: World, prison_number: str) -> None:
    message = {
        "eventType": "prison-offender-events.prisoner.received",
        "occurredAt": "2026-01-05T10:00:00Z",
        "additionalInformation": {"nomsNumber": prison_number, "reason": "ADMISSION", "prisonId": "SWI"},
    }
    assert (await world.desk(NORTHGATE).call("POST", "/events", message)).status == 202
