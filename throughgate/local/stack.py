"""The whole of Throughgate on this machine: servers first, then tables, then every service; stopped in reverse.

Invariant: when `Stack.run` has returned or raised, no process it started is left; what was written is in the data
folder and is there at the next start. A broker that dies comes back empty, and the relays send again.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis import migrations
from chassis.broker import force_topics
from chassis.settings import Environment, Settings
from throughgate.local import broker, postgres
from throughgate.local.child import Child, Spec
from throughgate.local.databases import DATABASES, ServiceDatabase, ensure_database, ensure_roles, url_for
from throughgate.local.datadir import DatabaseUrls, DataDir, StackFile
from throughgate.local.events import Ready, Report
from throughgate.local.leash import leashed
from throughgate.local.ports import LOOPBACK, answers, free_ports, is_free
from throughgate.local.programs import (
    PROGRAMS,
    Program,
    embedded_broker_environment,
    kafka_environment,
    own_environment,
    shared_environment,
)
from throughgate.local.readiness import at_once, http_readiness

SERVERS_READY_S = 60.0
PORT_FREE_S = 10.0


class CannotStart(RuntimeError):
    """The stack cannot start; the text says what is in the way."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller decides. Empty `kafka` or `database` means: start one here."""

    port: int = 8000
    data_dir: Path = Path(".throughgate")
    kafka: str = ""
    database: str = ""
    """A PostgreSQL URL of a role that may create databases and roles."""


@dataclass
class Stack:
    """A stack being run: `programs` beside the servers, and the `databases` they need."""

    options: Options
    report: Report
    programs: Sequence[Program] = PROGRAMS
    databases: Mapping[str, ServiceDatabase] = field(default_factory=lambda: DATABASES)

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything, report Ready, watch it until `stop` is set, stop everything.

        Raises AlreadyRunning, CannotStart, child.CannotRun, postgres.PostgresFailed, BrokerMissing, PostgresMissing.
        """
        data = DataDir.at(self.options.data_dir)
        with data.held():
            await self._public_port()
            working = asyncio.create_task(self._work(data))
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working

    async def _work(self, data: DataDir) -> None:
        gave_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ports = self._ports()
        async with _Running(data.logs, self.report, gave_up) as servers:
            admin_url, broker_settings = await self._start_servers(servers, data, ports)
            roles = (role for each in self.databases.values() for role in each.roles)
            secrets = data.secrets([*roles, "cursor-key", "seal-key"])
            databases = await asyncio.to_thread(_provide, self.databases, admin_url, secrets)
            async with _Running(data.logs, self.report, gave_up) as services:
                metrics = {program.name: ports[_metrics(program)] for program in PROGRAMS if program.measured}
                shared = shared_environment(
                    ports=ports, broker=broker_settings, data_dir=data.root, cursor_key=secrets["cursor-key"]
                )
                url = f"http://{LOOPBACK}:{self.options.port}"
                addresses = {each.name: f"http://{LOOPBACK}:{ports[each.name]}" for each in PROGRAMS}
                measured = {name: f"http://{LOOPBACK}:{port}/metrics" for name, port in metrics.items()}
                kafka = shared["THROUGHGATE_KAFKA"]
                data.write_stack(StackFile(url, os.getpid(), kafka, databases, addresses, measured))
                for program in self.programs:
                    login = databases[program.database].login_urls[program.login] if program.database else ""
                    own = own_environment(
                        program,
                        port=ports[program.name],
                        database_url=login,
                        data_dir=data.root,
                        seal_key=secrets["seal-key"],
                        metrics_port=metrics.get(program.name, 0),
                    )
                    services.start(
                        Spec(
                            name=program.name,
                            command=program.command,
                            environment={**shared, **own},
                            probe=http_readiness(program.name, ports[program.name]) if program.serves else at_once,
                        )
                    )
                await services.all_answer()
                self.report(Ready(url))
                await gave_up

    async def _public_port(self) -> None:
        """A stack that was killed a moment ago may still be letting go of the port."""
        deadline = asyncio.get_running_loop().time() + PORT_FREE_S
        while not is_free(self.options.port):
            if asyncio.get_running_loop().time() > deadline:
                raise CannotStart(f"port {self.options.port} is in use; give another --port")
            await asyncio.sleep(0.1)

    def _ports(self) -> dict[str, int]:
        """Every port of the stack, drawn together before anything listens; the gateway's is the public one."""
        measured = [_metrics(program) for program in PROGRAMS if program.measured]
        inner = ["broker", "postgres", *(program.name for program in PROGRAMS if program.name != "gateway"), *measured]
        return free_ports(inner, apart_from=[self.options.port]) | {"gateway": self.options.port}

    async def _start_servers(
        self, servers: "_Running", data: DataDir, ports: Mapping[str, int]
    ) -> tuple[str, Mapping[str, str]]:
        """The database's admin URL and the broker's settings, when both answer."""
        if self.options.kafka:
            broker_settings = kafka_environment(self.options.kafka)
        else:
            broker_port = ports["broker"]
            broker.binary()
            broker_settings = embedded_broker_environment(broker_port)
            servers.start(
                Spec(
                    name="broker",
                    command=lambda: leashed(broker.command(broker_port)),
                    probe=lambda: _has_topics(broker_port),
                )
            )
        if self.options.database:
            admin_url = self.options.database
        else:
            port = ports["postgres"]
            password = data.secrets(["postgres"])["postgres"]
            admin_url = postgres.url(port, password)
            await asyncio.to_thread(postgres.initialise, data.postgres, password)
            servers.start(
                Spec(
                    name="postgres",
                    command=lambda: postgres.command(data.postgres, port),
                    prepare=lambda: postgres.clear_stale(data.postgres),
                    probe=lambda: asyncio.to_thread(postgres.is_ready, admin_url),
                    stop_signal=signal.SIGINT,
                    grace_s=60,
                )
            )
        try:
            async with asyncio.timeout(SERVERS_READY_S):
                await servers.all_answer()
        except TimeoutError as error:
            raise CannotStart(f"the servers did not come up within {SERVERS_READY_S:.0f} s; see {data.logs}") from error
        return admin_url, broker_settings


class _Running:
    """Children that run side by side; leaving the block stops them all and waits for them.

    `gave_up` gets the exception of the first child that cannot go on.
    """

    def __init__(self, logs: Path, report: Report, gave_up: asyncio.Future[None]) -> None:
        self._logs = logs
        self._report = report
        self._gave_up = gave_up
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "_Running":
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in self._children:
            child.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, spec: Spec) -> None:
        child = Child(spec, self._logs, self._report)
        self._children.append(child)
        self._tasks.append(asyncio.create_task(child.run(), name=spec.name))
        self._tasks[-1].add_done_callback(self._ended)

    async def all_answer(self) -> None:
        """Returns when every child has answered; raises what made one give up."""
        answering = asyncio.create_task(self._each_answers())
        either: list[asyncio.Future[Any]] = [answering, self._gave_up]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
        if self._gave_up.done():
            self._gave_up.result()

    async def _each_answers(self) -> None:
        for child in self._children:
            await child.answering.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._gave_up.done():
            self._gave_up.set_exception(error)


def _metrics(program: Program) -> str:
    """What the port is called at which a program is asked for its numbers."""
    return f"{program.name} metrics"


def _provide(
    databases: Mapping[str, ServiceDatabase], admin_url: str, secrets: Mapping[str, str]
) -> dict[str, DatabaseUrls]:
    """Roles, databases and tables of every service; does nothing where they are there."""
    ensure_roles(admin_url, {role: secrets[role] for each in databases.values() for role in each.roles})
    provided = {}
    for name, service in databases.items():
        ensure_database(admin_url, service)
        urls = {role: url_for(admin_url, role=role, password=secrets[role], database=name) for role in service.roles}
        owner_url = urls.pop(service.owner)
        migrations.migrate(owner_url, service.package)
        provided[name] = DatabaseUrls(owner_url, urls)
    return provided


async def _has_topics(port: int) -> bool:
    """Make the topics of a broker that has just started; True when it has them."""
    if not await asyncio.to_thread(answers, port):
        return False
    return await force_topics(Settings(environment=Environment.DEVELOPMENT, kafka=f"{LOOPBACK}:{port}"))
