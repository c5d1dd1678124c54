"""A log line holds constants, ids and counts, whoever writes it."""

import asyncio
import gc
import logging as standard_logging

import pytest

from chassis import logging
from chassis.settings import Environment, Settings

SECRET = "A1234AA-Zebedee"


def test_only_allowed_keys_and_no_put_together_text_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(Settings(environment=Environment.TEST))
    logging.get("test").warning("thing.done", person_id="018f", family=SECRET, count=3)
    standard_logging.getLogger("library").warning("could not send %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.get("test").error("thing.failed", exc_info=True)
    logged = capsys.readouterr().out
    assert '"person_id": "018f"' in logged
    assert '"redacted": 1' in logged
    assert "could not send %s" in logged
    assert '"error": "ValueError"' in logged
    assert SECRET not in logged


def test_the_rule_holds_for_a_batch_of_errors_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(Settings(environment=Environment.TEST))
    cause = ConnectionError(SECRET)
    error = RuntimeError(SECRET)
    error.__cause__ = cause
    log = logging.get("test")
    log.error("thing.failed", exc_info=ExceptionGroup(SECRET, [error]))
    logged = capsys.readouterr().out
    assert "RuntimeError < ConnectionError" in logged
    assert SECRET not in logged


async def test_what_asyncio_says_of_a_lost_exception_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """It joins what the exception says beforehand, and that may be what was sent."""
    logging.configure(Settings(environment=Environment.TEST))

    async def fails() -> None:
        raise ValueError(SECRET)

    lost = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del lost
    gc.collect()
    logged = capsys.readouterr().out
    assert "asyncio.unhandled" in logged
    assert SECRET not in logged
