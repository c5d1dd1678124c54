"""What each process is told, and which port it gets."""

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from throughgate.local.child import backoff
from throughgate.local.databases import DATABASES, url_for
from throughgate.local.events import Died, Ready, Started
from throughgate.local.ports import NoFreePort, answers, free_port, free_ports, is_free
from throughgate.local.programs import (
    PROGRAMS,
    embedded_broker_environment,
    own_environment,
    shared_environment,
)
from throughgate.local.readiness import http_readiness


def shared(tmp_path: Path) -> dict[str, str]:
    ports = {program.name: 20_000 + number for number, program in enumerate(PROGRAMS)}
    return shared_environment(
        ports=ports, broker=embedded_broker_environment(20_500), data_dir=tmp_path, cursor_key="made-up"
    )


def test_what_all_processes_share_holds_no_database(tmp_path: Path) -> None:
    assert not [name for name, value in shared(tmp_path).items() if "DATABASE" in name or "postgresql" in value]


def test_the_issuer_is_the_public_port_and_its_keys_come_from_its_own_process(tmp_path: Path) -> None:
    told = shared(tmp_path)
    gateway = next(number for number, program in enumerate(PROGRAMS) if program.name == "gateway")
    issuer = next(number for number, program in enumerate(PROGRAMS) if program.name == "issuer")
    assert told["THROUGHGATE_ISSUER"] == f"http://127.0.0.1:{20_000 + gateway}"
    assert told["THROUGHGATE_JWKS_URL"] == f"http://127.0.0.1:{20_000 + issuer}/oauth2/jwks"


def test_a_process_never_gets_an_owners_url(tmp_path: Path) -> None:
    for program in PROGRAMS:
        own = own_environment(program, port=1, database_url="postgresql://login", data_dir=tmp_path)
        assert own["THROUGHGATE_OWNER_DATABASE_URL"] == ""


def test_every_program_with_a_database_logs_in_as_one_of_its_roles() -> None:
    for program in PROGRAMS:
        if program.database:
            assert program.login in DATABASES[program.database].logins


def test_only_audit_is_told_where_the_signing_key_is(tmp_path: Path) -> None:
    told = {
        program.name
        for program in PROGRAMS
        if "THROUGHGATE_SIGNING_KEY_FILE" in own_environment(program, port=1, database_url="", data_dir=tmp_path)
    }
    assert told == {"audit"}


def test_the_key_of_sealed_secrets_is_for_those_who_seal_and_open_them(tmp_path: Path) -> None:
    told = {
        program.name
        for program in PROGRAMS
        if "THROUGHGATE_SEAL_KEY"
        in own_environment(program, port=1, database_url="", data_dir=tmp_path, seal_key="made-up")
    }
    assert told == {"gateway", "deliverer"}
    assert "THROUGHGATE_SEAL_KEY" not in shared(tmp_path)


def test_a_login_url_keeps_the_host_and_options_of_the_admins() -> None:
    made = url_for(
        "postgresql://admin:secret@db.example:5433/postgres?sslmode=require",
        role="consent",
        password="p@ss/word",
        database="consent",
    )
    assert made == "postgresql://consent:p%40ss%2Fword@db.example:5433/consent?sslmode=require"


def test_a_free_port_is_taken_once_something_listens() -> None:
    port = free_port()
    assert not answers(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        assert answers(port)


def test_ports_drawn_together_are_all_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on any of them yet, so each would be free again; two services on one port answer for another.

    Who else on this machine has drawn one of these is left out: the next test is about that.
    """
    drawn = iter([5, 6, 6, 5, 7, 6, 8])
    monkeypatch.setattr("throughgate.local.ports.secrets.randbelow", lambda _: next(drawn))
    monkeypatch.setattr("throughgate.local.ports.is_free", lambda _: True)
    monkeypatch.setattr("throughgate.local.ports._held", lambda _: True)
    assert free_ports(["issuer", "referral", "caseload"], apart_from=[20_005]) == {
        "issuer": 20_006,
        "referral": 20_007,
        "caseload": 20_008,
    }


def test_what_another_process_drew_is_not_drawn_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stacks that start together draw long before either listens."""
    script = (
        "import sys; from throughgate.local.ports import free_port; print(free_port(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdout is not None
        drawn = int(other.stdout.readline())
        monkeypatch.setattr("throughgate.local.ports.secrets.randbelow", lambda _: drawn - 20_000)
        with pytest.raises(NoFreePort):
            free_port()
        other.communicate()
    assert free_port() == drawn


async def test_a_service_is_ready_only_if_it_is_the_one_that_answers() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"status":"ready","service":"issuer"}')
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        assert await http_readiness("issuer", port)()
        assert not await http_readiness("referral", port)()


@pytest.mark.parametrize("deaths", [1, 2, 5, 8, 50])
def test_pauses_grow_and_end_at_ten_seconds(deaths: int) -> None:
    longest = min(10.0, 0.1 * 2 ** (deaths - 1))
    pauses = {backoff(deaths) for _ in range(50)}
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(pauses) > 1


def test_events_are_json_lines_with_their_names() -> None:
    assert json.loads(Started("consent", 7).line()) == {
        "event": "started",
        "service": "consent",
        "pid": 7,
        "restarts": 0,
    }
    assert json.loads(Ready("http://127.0.0.1:8000").line()) == {"event": "ready", "url": "http://127.0.0.1:8000"}
    assert json.loads(Died("audit", -9, 0.1).line())["event"] == "died"
