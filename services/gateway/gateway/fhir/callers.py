"""Who may speak BaRS here: any agency that refers, at the gateway of the kind it refers to (docs/adr/0009).

Everything else of a gateway stays with its own kind. What the caller may do is decided by its token as everywhere: it
refers in its own name, and sees of a referral what its side sees.
"""

from typing import Annotated

from fastapi import Depends, Request

from chassis.auth import Actor, ActorDep, WrongGateway
from contracts.codes import AgencyKind
from gateway.api.caller import Caller

NEVER = frozenset({AgencyKind.AUDITOR, AgencyKind.OPERATOR})


def refers(actor: Actor) -> bool:
    """Every kind but auditor and operator does."""
    return actor.kind not in NEVER


async def fhir_caller(request: Request, actor: ActorDep) -> Caller:
    """The caller, of whatever kind that refers. Raises WrongGateway."""
    if not refers(actor):
        raise WrongGateway
    state = request.app.state
    return Caller(actor, request, state.owners, state.database, state.wakes, state.settings.cursor_key)


FhirCallerDep = Annotated[Caller, Depends(fhir_caller)]
