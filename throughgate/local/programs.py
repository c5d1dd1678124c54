"""The processes of Throughgate itself: their modules, databases and environment.

Invariant: a process learns secrets from its environment only, and of the databases only its own service's login role.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from throughgate.local.leash import leashed
from throughgate.local.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Program:
    """A module to run. `database` and `login` say whose tables it uses; `serves` whether it answers HTTP."""

    name: str
    module: str
    database: str = ""
    login: str = ""
    serves: bool = True

    @property
    def measured(self) -> bool:
        """Whether it tells Prometheus of itself: whoever has a database does."""
        return bool(self.database)

    def command(self) -> list[str]:
        return leashed([sys.executable, "-m", self.module])


PROGRAMS = (
    Program("issuer", "throughgate.issuer"),
    Program("caseload", "caseload", "caseload", "caseload"),
    Program("release-notify", "release_notify", "release_notify", "release_notify"),
    Program("referral", "referral", "referral", "referral"),
    Program("consent", "consent", "consent", "consent"),
    Program("audit", "audit", "audit", "audit"),
    Program("projector", "gateway.projector", "gateway", "gateway_projector", serves=False),
    Program("deliverer", "gateway.deliverer", "gateway", "gateway_deliverer", serves=False),
    Program("gateway", "gateway", "gateway", "gateway"),
)

SEALING = ("gateway", "deliverer")
"""Who seals and opens what rests sealed in the gateway's database."""


def deploy_dir() -> Path:
    """Agencies and agreements: `THROUGHGATE_DEPLOY_DIR`, else what came with the package, else the checkout's."""
    if given := os.environ.get("THROUGHGATE_DEPLOY_DIR"):
        return Path(given).resolve()
    package = Path(__file__).resolve().parents[1]
    packaged = package / "_deploy"
    return packaged if packaged.is_dir() else package.parent / "deploy"


def shared_environment(
    *, ports: Mapping[str, int], broker: Mapping[str, str], data_dir: Path, cursor_key: str
) -> dict[str, str]:
    """What every process is told. `ports` by program name; the gateway's is the stack's public one."""

    def at(program: str) -> str:
        return f"http://{LOOPBACK}:{ports[program]}"

    return {
        "THROUGHGATE_ENVIRONMENT": "development",
        "THROUGHGATE_ISSUER": at("gateway"),
        "THROUGHGATE_JWKS_URL": f"{at('issuer')}/oauth2/jwks",
        "THROUGHGATE_ISSUER_URL": at("issuer"),
        "THROUGHGATE_CASELOAD_URL": at("caseload"),
        "THROUGHGATE_RELEASE_NOTIFY_URL": at("release-notify"),
        "THROUGHGATE_REFERRAL_URL": at("referral"),
        "THROUGHGATE_CONSENT_URL": at("consent"),
        "THROUGHGATE_AUDIT_URL": at("audit"),
        "THROUGHGATE_HTTP_HOST": LOOPBACK,
        "THROUGHGATE_DEPLOY_DIR": str(deploy_dir()),
        "THROUGHGATE_DATA_DIR": str(data_dir),
        "THROUGHGATE_LOG_KEY_FILE": str(data_dir / "keys" / "share-log.pub"),
        "THROUGHGATE_CURSOR_KEY": cursor_key,
        "PYTHONUNBUFFERED": "1",
        **broker,
    }


def own_environment(
    program: Program, *, port: int, database_url: str, data_dir: Path, seal_key: str = "", metrics_port: int = 0
) -> dict[str, str]:
    """What this process alone is told."""
    own = {
        "THROUGHGATE_SERVICE": program.name,
        "THROUGHGATE_HTTP_PORT": str(port),
        "THROUGHGATE_METRICS_PORT": str(metrics_port),
        "THROUGHGATE_DATABASE_URL": database_url,
        "THROUGHGATE_OWNER_DATABASE_URL": "",
    }
    if program.name == "audit":
        own["THROUGHGATE_SIGNING_KEY_FILE"] = str(data_dir / "keys" / "share-log.key")
    if program.name in SEALING and seal_key:
        own["THROUGHGATE_SEAL_KEY"] = seal_key
    return own


def embedded_broker_environment(port: int) -> dict[str, str]:
    """Settings for the embedded broker: no idempotent producer, no group membership, short fetch waits."""
    return {
        "THROUGHGATE_KAFKA": f"{LOOPBACK}:{port}",
        "THROUGHGATE_KAFKA_IDEMPOTENT": "false",
        "THROUGHGATE_KAFKA_FETCH_WAIT_MS": "100",
        "THROUGHGATE_KAFKA_GROUPS": "false",
    }


def kafka_environment(address: str) -> dict[str, str]:
    """Settings for a real Kafka."""
    return {"THROUGHGATE_KAFKA": address}
