"""One OpenAPI document per kind of gateway, from the very application that serves it.

The applications are put together as the gateway does, and never started: nothing connects to anything.
"""

from pathlib import PurePosixPath

from chassis.db import Database
from chassis.settings import Environment, Settings
from chassis.tokens import Verifier
from contracts.codes import AgencyKind
from gateway.front import OF_KIND, create_kind
from gateway.main import owners_of
from gateway.wake import Wakes
from throughgate.contracts_gen.artefacts import as_json

FOLDER = PurePosixPath("contracts/openapi")


def openapi_files() -> dict[PurePosixPath, bytes]:
    """Every gateway's document, by its path in the repository."""
    settings = Settings(service="gateway", environment=Environment.TEST)
    database = Database("postgresql:///gateway")
    owners, wakes = owners_of(settings), Wakes(database)
    verifier = Verifier.fetching(issuer=settings.issuer, audience=settings.audience, jwks_url=settings.jwks_url)

    def document(kind: AgencyKind) -> bytes:
        return as_json(create_kind(kind, settings, database, owners, wakes, verifier=verifier).openapi())

    return {FOLDER / f"{kind}.json": document(kind) for kind in OF_KIND}
