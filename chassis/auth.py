"""Who is asking: one agency, by its access token, and perhaps a named member of its staff.

The agency, its kind and its scopes come from the token and from nowhere else; there are no actor headers. A service
behind the gateway checks the same token again.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from chassis.problems import Problem
from chassis.tokens import TokenRefused, Verifier
from contracts.codes import AgencyKind, Scope

REALM = 'Bearer realm="throughgate"'


@dataclass(frozen=True)
class Actor:
    """The caller. `member` is the staff member's subject id at their own identity provider, if the token names one."""

    agency: str
    kind: AgencyKind
    scopes: frozenset[Scope]
    member: str | None = None


class Unauthorized(Problem):
    """No token, or one that proves nothing here (RFC 6750)."""

    def __init__(self, why: str | None = None) -> None:
        challenge = REALM if why is None else f'{REALM}, error="invalid_token", error_description="{why}"'
        super().__init__(
            401,
            "An access token is needed." if why is None else f"The {why}.",
            code="unauthorized" if why is None else "invalid-token",
            headers={"WWW-Authenticate": challenge},
        )


class ScopeMissing(Problem):
    """The token is good and does not reach this far (RFC 6750)."""

    def __init__(self, needed: frozenset[Scope]) -> None:
        scopes = " ".join(sorted(needed))
        super().__init__(
            403,
            f"This needs the scope {scopes}.",
            code="insufficient-scope",
            headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scopes}"'},
        )


class MemberRequired(Problem):
    """The call needs a named member of staff, and the token names none."""

    def __init__(self) -> None:
        super().__init__(403, "This needs a token that names a member of staff.", code="member-required")


class WrongGateway(Problem):
    """The agency's kind has another gateway."""

    def __init__(self) -> None:
        super().__init__(403, "This gateway serves another kind of agency.", code="wrong-gateway")


async def current_actor(request: Request) -> Actor:
    """The actor of this request, verified once. Raises Unauthorized; 503 if the issuer's keys cannot be had."""
    known = getattr(request.state, "actor", None)
    if isinstance(known, Actor):
        return known
    actor = await authenticate(request.app.state.verifier, request.headers.get("authorization"))
    request.state.actor = actor
    if (limiter := getattr(request.app.state, "limiter", None)) is not None:
        request.state.rate_headers = await limiter.hit(actor.agency)
    return actor


ActorDep = Annotated[Actor, Depends(current_actor)]


async def authenticate(verifier: Verifier, authorization: str | None) -> Actor:
    """The actor that an Authorization header proves. Raises Unauthorized."""
    token = bearer(authorization)
    try:
        return actor_of(await verifier.claims(token))
    except TokenRefused as error:
        raise Unauthorized(str(error)) from error


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header. Raises Unauthorized if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized
    return token.strip()


def token_of(request: Request) -> str:
    """The caller's token, to hand on to a service. Raises Unauthorized if there is none."""
    return bearer(request.headers.get("authorization"))


def actor_of(claims: Any) -> Actor:
    """The actor that verified claims describe. Scopes that are not known here are passed over. Raises TokenRefused."""
    agency, kind, scope, act = (claims.get(name) for name in ("agency", "agency_kind", "scope", "act"))
    if not (isinstance(agency, str) and agency and isinstance(kind, str) and isinstance(scope, str)):
        raise TokenRefused("token does not say which agency it is for")
    if kind not in set(AgencyKind):
        raise TokenRefused("token does not say which agency it is for")
    if act is not None and not (isinstance(act, dict) and isinstance(act.get("sub"), str) and act["sub"]):
        raise TokenRefused("token names its member of staff in another form")
    known = set(Scope)
    return Actor(
        agency=agency,
        kind=AgencyKind(kind),
        scopes=frozenset(Scope(word) for word in scope.split() if word in known),
        member=act["sub"] if act else None,
    )


def require(*scopes: Scope | str) -> Dependency:
    """A route dependency that refuses a token without all of `scopes`: `dependencies=[require(Scope.PUSH)]`."""
    needed = frozenset(Scope(scope) for scope in scopes)

    async def check(actor: ActorDep) -> None:
        ensure_scopes(actor, needed)

    return Dependency(check)


def ensure_scopes(actor: Actor, needed: frozenset[Scope]) -> None:
    """Raises ScopeMissing unless the actor has all of `needed`."""
    if not needed <= actor.scopes:
        raise ScopeMissing(needed)


def ensure_member(actor: Actor) -> str:
    """The named member of staff who acts. Raises MemberRequired if the token names none."""
    if actor.member is None:
        raise MemberRequired
    return actor.member


def ensure_kind(actor: Actor, *kinds: AgencyKind) -> None:
    """Raises WrongGateway unless the actor's agency is of one of `kinds`."""
    if actor.kind not in kinds:
        raise WrongGateway
