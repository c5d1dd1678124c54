"""`throughgate demo`: the story, from a prison's push to an auditor's proof, on a stack of its own."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from throughgate.commands.common import JsonOption, Refused, print_json
from throughgate.commands.up import REFUSALS
from throughgate.demo.play import play
from throughgate.demo.stage import Stage


def demo(
    people: Annotated[int, typer.Option(help="How many made-up people.", min=8, max=10_000)] = 200,
    as_json: JsonOption = False,
) -> None:
    """Start a stack, play the story, show what each agency saw and did not see and why, verify the log, stop.

    Exits 0 only if everything held.

    Example: throughgate demo --people 50
    """
    console = Console(stderr=as_json, highlight=False)
    with Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bar:
        tasks = {"": bar.add_task("starting the stack", total=None)}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, visible=done < total)

        def say(line: str) -> None:
            bar.update(tasks[""], visible=False)
            console.print(line, markup=False)

        try:
            stage = asyncio.run(play(people, say=say, progress=progress))
        except REFUSALS as error:
            raise Refused(str(error)) from error
    _conclude(stage, console, as_json=as_json)


def _conclude(stage: Stage, console: Console, *, as_json: bool) -> None:
    broken = [check.claim for check in stage.checks if not check.held]
    if as_json:
        claims = [{"claim": check.claim, "held": check.held, "seen": check.seen} for check in stage.checks]
        print_json({"held": not broken, "log_entries": stage.notes.get("log_entries"), "claims": claims})
    else:
        verdict = "everything held" if not broken else f"{len(broken)} did not hold"
        console.print(f"\n{len(stage.checks)} claims, {verdict}.")
    if broken:
        raise typer.Exit(1)
