"""Who calls this gateway, and what stands behind it. An agency of another kind is turned away before anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from chassis import clock
from chassis.access_log import matched_route
from chassis.auth import Actor, ActorDep, WrongGateway
from chassis.db import AsyncSession, Database
from chassis.http_client import ServiceClient
from chassis.ids import new_id
from contracts.codes import AgencyKind
from gateway.operations.accesses import record_access
from gateway.queries.asking import ask_as
from gateway.wake import Wakes


@dataclass(frozen=True, slots=True)
class Owners:
    """The services behind the gateway."""

    caseload: ServiceClient
    release_notify: ServiceClient
    referral: ServiceClient
    consent: ServiceClient
    audit: ServiceClient

    def each(self) -> tuple[ServiceClient, ...]:
        return self.caseload, self.release_notify, self.referral, self.consent, self.audit

    async def aclose(self) -> None:
        for client in self.each():
            await client.aclose()


@dataclass(frozen=True, slots=True)
class Caller:
    """One call at one gateway: the agency, the owners, and the gateway's own database."""

    actor: Actor
    request: Request
    owners: Owners
    database: Database
    wakes: Wakes
    cursor_key: str

    @property
    def agency(self) -> str:
        return self.actor.agency

    @property
    def route(self) -> str:
        """The template of this route, as accesses are recorded: `/v1/people/{person}`."""
        return matched_route(self.request.scope)[0].removeprefix(self.request.scope.get("root_path", ""))

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees this agency's rows alone; commits once at its end."""
        async with self.database.transaction() as session:
            await ask_as(session, agency=self.actor.agency, kind=self.actor.kind)
            yield session

    async def looked(self, session: AsyncSession, *, person_id: str | None, count: int | None = None) -> None:
        """Record this read in the caller's transaction, which commits before the answer goes out."""
        await record_access(
            session,
            access_id=new_id(),
            agency=self.actor.agency,
            member=self.actor.member,
            route=self.route,
            person_id=person_id,
            count=count,
            now=clock.now(),
        )


async def caller(request: Request, actor: ActorDep) -> Caller:
    """The caller, if its agency is of this gateway's kind. Raises WrongGateway."""
    kind: AgencyKind = request.app.state.kind
    if actor.kind is not kind:
        raise WrongGateway
    state = request.app.state
    return Caller(actor, request, state.owners, state.database, state.wakes, state.settings.cursor_key)


CallerDep = Annotated[Caller, Depends(caller)]
OnlyThisKind = Depends(caller)
"""For every router of a gateway."""
