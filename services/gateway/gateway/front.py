"""The front: one application per kind of agency, each with its own routes and OpenAPI document, on one port.

In production each kind, or each agency, runs as its own instance; the path is then the same without the kind in front.
"""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from chassis.db import Database
from chassis.http import create_app
from chassis.http_client import ServiceClient
from chassis.ratelimit import Limiter
from chassis.seal import sealer
from chassis.settings import Settings
from chassis.tokens import Verifier
from contracts.codes import RECEIVING, AgencyKind
from gateway.api import (
    auditor,
    bulk,
    consents,
    emergencies,
    events,
    feed,
    issuer,
    lookups,
    offender_management,
    people,
    prison,
    referrals,
    releases,
    screening,
    services,
    webhooks,
)
from gateway.api.caller import OnlyThisKind, Owners
from gateway.fhir import routes as fhir
from gateway.readiness import AllThere
from gateway.wake import Wakes

EVERY_AGENCY = (
    people.router,
    consents.router,
    emergencies.router,
    feed.router,
    webhooks.router,
    referrals.router,
    services.router,
)
RECEIVES = (*EVERY_AGENCY, referrals.answering, services.keeping)
ASKS = (screening.asking, screening.reading)
MANAGES = (*EVERY_AGENCY, offender_management.router, *ASKS)
OF_KIND: dict[AgencyKind, tuple[APIRouter, ...]] = {
    AgencyKind.PRISON: (releases.router, prison.router, bulk.router, events.router, *EVERY_AGENCY),
    AgencyKind.PRISON_HEALTH: RECEIVES,
    AgencyKind.PROBATION: MANAGES,
    AgencyKind.POLICE: MANAGES,
    AgencyKind.COURT: EVERY_AGENCY,
    AgencyKind.MENTAL_HEALTH: (*RECEIVES, screening.reading, screening.answering),
    AgencyKind.DRUG_ALCOHOL: RECEIVES,
    AgencyKind.LIAISON_DIVERSION: (*RECEIVES, *ASKS),
    AgencyKind.HOUSING: RECEIVES,
    AgencyKind.YOUTH: MANAGES,
    AgencyKind.BENEFITS: EVERY_AGENCY,
    AgencyKind.PROVIDER: RECEIVES,
    AgencyKind.AUDITOR: (auditor.router,),
}
"""The routes of each gateway beside those that all have. An operator has no gateway."""


def routers_of(kind: AgencyKind) -> Sequence[APIRouter]:
    """The routers of a kind's gateway, behind one that turns other kinds away; BaRS is spoken with those who refer."""
    gate = APIRouter(dependencies=[OnlyThisKind])
    for router in (lookups.router, *OF_KIND[kind]):
        gate.include_router(router)
    return [gate, fhir.router] if kind in RECEIVING else [gate]


def create_kind(
    kind: AgencyKind, settings: Settings, database: Database, owners: Owners, wakes: Wakes, *, verifier: Verifier
) -> FastAPI:
    """The application of one kind of agency."""
    app = create_app(
        settings,
        routers_of(kind),
        database=database,
        title=f"Throughgate: {kind} gateway",
        verifier=verifier,
        openapi_url="/v1/openapi.json",
        docs_url="/docs",
    )
    app.state.kind = kind
    app.state.owners = owners
    app.state.wakes = wakes
    app.state.sealer = sealer(settings)
    return app


def create(
    settings: Settings,
    database: Database,
    owners: Owners,
    wakes: Wakes,
    *,
    verifier: Verifier | None = None,
    issuer_client: ServiceClient | None = None,
) -> FastAPI:
    """Every kind's application at `/<kind>`. Calls are counted per agency over all of them.

    In development `issuer_client` leads to the issuer, whose public address is this one port; the port is ready when
    everybody behind it has been.
    """
    verifier = verifier or Verifier.fetching(
        issuer=settings.issuer, audience=settings.audience, jwks_url=settings.jwks_url
    )
    app = create_app(
        settings,
        [issuer.router] if issuer_client is not None else [],
        database=database,
        title="Throughgate",
        verifier=verifier,
        max_body_size=None,
        checks=(AllThere((*owners.each(), issuer_client)),) if issuer_client is not None else (),
    )
    app.state.issuer_client = issuer_client
    limiter = Limiter(settings.rate_limit)
    for kind in OF_KIND:
        mounted = create_kind(kind, settings, database, owners, wakes, verifier=verifier)
        mounted.state.limiter = limiter
        app.mount(f"/{kind}", mounted)
    return app
