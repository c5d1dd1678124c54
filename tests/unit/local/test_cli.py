"""The command line's own promises: an example and --json everywhere, refusals in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from throughgate.cli import app


def all_commands() -> dict[str, TyperCommand]:
    """Every command by what a person types after `throughgate`."""
    found: dict[str, TyperCommand] = {}
    groups: list[tuple[str, object]] = [("", typer.main.get_command(app))]
    while groups:
        path, group = groups.pop()
        assert isinstance(group, TyperGroup)
        for name, command in group.commands.items():
            if isinstance(command, TyperCommand):
                found[path + name] = command
            else:
                groups.append((f"{path}{name} ", command))
    assert found
    return found


def test_every_command_has_an_example() -> None:
    lacking = [
        name for name, command in all_commands().items() if f"throughgate {name.split()[0]}" not in (command.help or "")
    ]
    assert lacking == []


def test_every_command_speaks_json() -> None:
    lacking = [
        name
        for name, command in all_commands().items()
        if "--json" not in {option for parameter in command.params for option in parameter.opts}
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["parked", "list"], "no stack was started"),
        (["replay", "share-log"], "no stack was started"),
        (["replay", "no-such-topic"], "no such topic"),
        (["token", "hmp-northgate", "--url", "http://127.0.0.1:1"], "the stack does not answer"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_one(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "throughgate", *arguments, "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
