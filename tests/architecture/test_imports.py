"""Who may import whom, where a rule names one module; the layers are import-linter's (pyproject.toml, `make check`)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.source import PACKAGES, SERVICES, files, imported, name_of, where


def breaking(forbidden: str, allowed: Callable[[str], bool]) -> list[str]:
    """Files that import the forbidden package although their module is not allowed to."""
    return [where(path) for path in files() if uses(path, forbidden) and not allowed(name_of(path))]


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in imported(path))


def test_one_module_speaks_http_to_others() -> None:
    assert breaking("httpx2", lambda module: module == "chassis.http_client") == []
    assert uses(PACKAGES["chassis"] / "http_client.py", "httpx2")


@pytest.mark.parametrize("client", ["httpx", "requests", "aiohttp", "urllib.request", "http.client"])
def test_there_is_no_other_http_client(client: str) -> None:
    assert breaking(client, lambda _: False) == []


def test_the_chassis_alone_speaks_kafka() -> None:
    assert breaking("aiokafka", lambda module: module.startswith("chassis.")) == []
    assert any(uses(path, "aiokafka") for path in files("chassis"))


@pytest.mark.parametrize("service", SERVICES)
def test_services_never_import_one_another(service: str) -> None:
    others = [other for other in (*SERVICES, "throughgate") if other != service]
    assert [where(path) for path in files(service) for other in others if uses(path, other)] == []


def test_the_chassis_knows_no_service() -> None:
    assert [where(path) for path in files("chassis") for other in (*SERVICES, "throughgate") if uses(path, other)] == []


def test_contracts_know_nobody() -> None:
    others = [other for other in PACKAGES if other != "contracts"]
    assert [where(path) for path in files("contracts") for other in others if uses(path, other)] == []
