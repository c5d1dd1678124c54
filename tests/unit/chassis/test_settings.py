"""What is published with the code protects nothing, so production does not start with it."""

import pytest
from pydantic import ValidationError

from chassis.settings import Environment, Settings


def test_production_needs_a_key_and_a_name_of_its_own() -> None:
    with pytest.raises(ValidationError, match="THROUGHGATE_CURSOR_KEY"):
        Settings(environment=Environment.PRODUCTION, audience="urn:throughgate:north")
    with pytest.raises(ValidationError, match="THROUGHGATE_AUDIENCE"):
        Settings(environment=Environment.PRODUCTION, cursor_key="its own")
    own = Settings(environment=Environment.PRODUCTION, cursor_key="its own", audience="urn:throughgate:north")
    assert not own.is_local


def test_a_process_that_is_told_nothing_is_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THROUGHGATE_ENVIRONMENT")
    assert not Settings(cursor_key="its own", audience="urn:throughgate:north").is_local


def test_a_process_that_is_told_nothing_is_reached_from_its_own_machine_alone() -> None:
    """The address of its metrics too, and of the development issuer."""
    assert Settings.model_fields["http_host"].default == "127.0.0.1"


def test_the_environment_is_read_with_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHGATE_AUDIENCE", "urn:throughgate:north")
    monkeypatch.setenv("AUDIENCE", "urn:other")
    assert Settings().audience == "urn:throughgate:north"


def test_secrets_do_not_show() -> None:
    shown = repr(Settings(database_url="postgresql://u:secret@h/d", cursor_key="secret"))
    assert "secret" not in shown


def test_a_wrong_setting_is_named_without_its_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(trace_sampling=7)
    assert "trace_sampling" in str(refused.value)
    assert "input_value" not in str(refused.value)
