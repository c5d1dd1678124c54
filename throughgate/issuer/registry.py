"""Who may ask for a token, and for which scopes: one client for each agency, and the operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contracts.codes import AgencyKind, Scope

OPERATOR = "operator"

RECEIVING_KINDS = frozenset(
    {
        AgencyKind.MENTAL_HEALTH,
        AgencyKind.DRUG_ALCOHOL,
        AgencyKind.LIAISON_DIVERSION,
        AgencyKind.HOUSING,
        AgencyKind.PROVIDER,
        AgencyKind.PRISON_HEALTH,
    }
)
_AGENCIES = frozenset(AgencyKind) - {AgencyKind.OPERATOR}
_TAKING_PART = _AGENCIES - {AgencyKind.AUDITOR}

KINDS_OF_SCOPE: Mapping[Scope, frozenset[AgencyKind]] = {
    Scope.READ: _AGENCIES,
    Scope.PUSH: frozenset({AgencyKind.PRISON}),
    Scope.REFER: _TAKING_PART,
    Scope.ANSWER: RECEIVING_KINDS,
    Scope.CONSENT: _TAKING_PART,
    Scope.EMERGENCY: _TAKING_PART,
    Scope.AUDIT: frozenset({AgencyKind.AUDITOR}),
    Scope.OPERATE: frozenset({AgencyKind.OPERATOR}),
}


@dataclass(frozen=True)
class Client:
    """A client; its id is its agency's. Its keys are at `jwks_uri`, or in the file `jwks_file`, or nowhere."""

    id: str
    kind: AgencyKind
    jwks_uri: str | None = None
    jwks_file: Path | None = None

    @property
    def secret(self) -> str:
        """The client secret, known to everyone: it is for development."""
        return f"dev-{self.id}"

    @property
    def scopes(self) -> frozenset[Scope]:
        return frozenset(scope for scope, kinds in KINDS_OF_SCOPE.items() if self.kind in kinds)


def load_clients(agencies: Path) -> dict[str, Client]:
    """The clients of a folder of agency files, and the operator, by id. Raises ValueError or KeyError."""
    clients = [_client(file) for file in sorted(agencies.glob("*.yaml"))]
    if not clients:
        raise ValueError(f"no agencies in {agencies}")
    return {client.id: client for client in [*clients, Client(OPERATOR, AgencyKind.OPERATOR)]}


def _client(file: Path) -> Client:
    agency: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    jwks_file = agency.get("jwks_file")
    return Client(
        id=agency["id"],
        kind=AgencyKind(agency["kind"]),
        jwks_uri=agency.get("jwks_uri"),
        jwks_file=file.parent / jwks_file if jwks_file else None,
    )
