"""`throughgate up` as a person uses it: everything answers, tokens work, and a second start keeps everything."""

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.support.stack import RunningStack, throughgate_up
from throughgate.local.ports import free_port

NEW_AGENCY = """\
id: charity-lantern
kind: provider
name: "Lantern (made up)"
area: northshire
nhs_body: false
"""


def get(url: str, token: str) -> Any:
    with urlopen(Request(url, headers={"authorization": f"Bearer {token}"}), timeout=60) as answer:
        return json.load(answer)


def throughgate(data_dir: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "throughgate", *arguments, "--json", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.kafka
def test_an_agency_with_a_token_is_answered_at_its_own_gateway(stack: RunningStack) -> None:
    me = get(f"{stack.url}/prison/v1/me", stack.token("hmp-northgate"))
    assert me["agency"]["id"] == "hmp-northgate"


def test_a_token_from_the_command_line_is_alone_on_its_line(stack: RunningStack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "throughgate", "token", "police-north", "--url", stack.url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert get(f"{stack.url}/police/v1/me", done.stdout.strip())["agency"]["id"] == "police-north"


@pytest.mark.parametrize("asked", [("--scope", "read", "--scope", "consent"), ("--scope", "read consent")])
def test_a_token_has_the_scopes_that_were_asked_for_in_either_form(stack: RunningStack, asked: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "throughgate", "token", "police-north", "--url", stack.url, *asked]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    claims = token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert set(found["scope"].split()) == {"read", "consent"}


def test_a_second_start_keeps_everything(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    file = tmp_path / "lantern.yaml"
    file.write_text(NEW_AGENCY)
    first = throughgate_up(free_port(), data_dir)
    try:
        first.wait_for("ready", within=120)
        assert throughgate(data_dir, "agencies", "add", str(file)) == {"outcome": "added", "agency": "charity-lantern"}
    finally:
        assert first.stop(signal.SIGTERM) == 0
    second = throughgate_up(free_port(), data_dir)
    try:
        second.wait_for("ready", within=120)
        ids = {agency["id"] for agency in throughgate(data_dir, "agencies", "list")}
        assert {"charity-lantern", "hmp-northgate"} <= ids
        assert throughgate(data_dir, "parked", "list") == []
    finally:
        second.stop()
