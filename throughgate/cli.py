"""The command `throughgate`: each sub-command is a file of throughgate/commands.

Invariant: results go to standard output and nothing else does; refusals are one sentence on standard error and exit 1
(2 for a wrong call).
"""

import sys

import typer
from rich.console import Console

from throughgate.commands import agencies, agreements, decisions, demo, load, parked, people, provide, replay, token, up
from throughgate.commands.common import Refused

app = typer.Typer(
    name="throughgate",
    help="Prison release dates, referrals and consents between agencies, each share decided and recorded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("token")(token.token)
app.command("load")(load.load)
app.command("provide")(provide.provide)
app.command("replay")(replay.replay)
app.add_typer(parked.app, name="parked")
app.add_typer(agencies.app, name="agencies")
app.add_typer(people.app, name="people")
app.add_typer(agreements.app, name="agreements")
app.add_typer(decisions.app, name="decisions")


def main() -> None:
    """Run the command line; a refusal becomes one sentence and exit code 1."""
    try:
        app()
    except Refused as refusal:
        Console(stderr=True).print(f"throughgate: {refusal}", style="red", highlight=False, markup=False)
        sys.exit(1)
