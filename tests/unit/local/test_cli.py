"""The command line's own promises: an example and --json everywhere, refusals in one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from throughgate.cli import app

README = Path(__file__).resolve().parents[3] / "README.md"


def all_commands() -> dict[str, TyperCommand]:
    """Every command by what a person types after `throughgate`."""
    found = {
        f"{path}{name}": command
        for path, group in all_groups().items()
        for name, command in group.commands.items()
        if isinstance(command, TyperCommand)
    }
    assert found
    return found


def all_groups() -> dict[str, TyperGroup]:
    """Every group by what stands before its commands; the whole command line is the first."""
    found: dict[str, TyperGroup] = {}
    waiting: list[tuple[str, object]] = [("", typer.main.get_command(app))]
    while waiting:
        path, group = waiting.pop()
        assert isinstance(group, TyperGroup)
        found[path] = group
        waiting += [(f"{path}{name} ", each) for name, each in group.commands.items() if isinstance(each, TyperGroup)]
    return found


def test_every_command_has_an_example() -> None:
    lacking = [
        name for name, command in all_commands().items() if f"throughgate {name.split()[0]}" not in (command.help or "")
    ]
    assert lacking == []


def test_every_group_of_commands_has_an_example() -> None:
    lacking = [path for path, group in all_groups().items() if path and f"throughgate {path}" not in (group.help or "")]
    assert lacking == []


def test_the_readme_names_every_command() -> None:
    (row,) = [line for line in README.read_text().splitlines() if line.startswith("| [throughgate](throughgate)")]
    assert {name.split()[0] for name in all_commands()} == set(re.findall("`([a-z]+)`", row))


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
