"""What is searched for after kills: what a process logs of an answer 500, as it logs it, and whoever is named there."""

import sys
from pathlib import Path

import pytest
from fastapi import APIRouter

from chassis import logging
from chassis.http import create_app
from chassis.settings import Environment, Settings
from tests.support.http import client
from tests.support.stack import StackProcess

TEST = Settings(environment=Environment.TEST)


def test_who_is_told_of_is_found_in_every_log_and_in_what_was_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    stack = StackProcess([sys.executable, "-c", ""], tmp_path)
    for name in ("postgres.log", "postgres.log.1", "consent.log"):
        (tmp_path / "logs" / name).write_text("LOG:  redo done\nERROR:  noms:B0001AA is there\n")
    assert stack.telling(["B0002AA", "Testcase1"]) == []
    assert [line.partition(":")[0] for line in stack.telling(["B0002AA", "B0001AA"])] == [
        *("consent.log", "postgres.log", "postgres.log.1"),
    ]
    stack.stop()


async def test_an_answer_500_is_found_in_the_log_and_in_what_was_moved_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    router = APIRouter()

    @router.get("/fault")
    async def fault() -> None:
        raise RuntimeError

    logging.configure(TEST)
    async with client(create_app(TEST, [router], database=None, title="faulty")) as http:
        assert (await http.get("/fault")).status_code == 500
    logged = capsys.readouterr().out
    logs = tmp_path / "logs"
    logs.mkdir()
    stack = StackProcess([sys.executable, "-c", ""], tmp_path)
    assert stack.unforeseen() == []
    (logs / "gateway.log").write_text(logged)
    (logs / "consent.log.1").write_text(logged)
    assert ["RuntimeError" in line for line in stack.unforeseen()] == [True, True]
    stack.stop()
