"""What a process is told from outside: environment variables `THROUGHGATE_*`, and nothing else.

A process that is told nothing takes itself to be in production and refuses to start: there it needs secrets and names
of its own, for what is published with the code protects nothing. Other defaults are right on a developer's machine.
"""

from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_CURSOR_KEY = "a key for development that protects nothing"
DEVELOPMENT_SEAL_KEY = "another key for development that protects nothing"
DEVELOPMENT_AUDIENCE = "urn:throughgate:development"


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """URLs are without a trailing slash; durations are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="THROUGHGATE_", frozen=True, hide_input_in_errors=True)

    environment: Environment = Environment.PRODUCTION
    service: str = "throughgate"
    version: str = Field(default_factory=lambda: metadata.version("throughgate"))

    database_url: str = Field(default="", repr=False)
    owner_database_url: str = Field(default="", repr=False)
    """For migrations alone: the role that owns the tables."""
    database_pool_size: int = 10

    kafka: str = "127.0.0.1:9092"
    kafka_idempotent: bool = True
    """False on the embedded broker, which has no idempotent producer."""
    kafka_fetch_wait_ms: int = 500
    """100 on the embedded broker, whose fetch waits half of it however much arrives; less costs processor time: at 40
    an idle stack takes half as much again."""
    kafka_session_timeout_ms: int = 10_000
    """3000 on the embedded broker, where joining a group takes half of it."""
    kafka_groups: bool = True
    """Share a topic's partitions out among replicas. False on the embedded broker, where joining a group takes 5 to
    18 seconds: there the one process of a service takes every partition."""
    kafka_replication: int = 1
    kafka_topic_prefix: str = ""
    """Lets several deployments share one broker; empty in production."""

    issuer: str = "http://127.0.0.1:8000"
    jwks_url: str = "http://127.0.0.1:8000/oauth2/jwks"
    audience: str = DEVELOPMENT_AUDIENCE
    """Names this deployment; a token made for another is refused."""

    http_host: str = "127.0.0.1"
    http_port: int = 8000
    metrics_port: int = 0
    """Where Prometheus finds `/metrics` of this process; 0 = nowhere."""

    caseload_url: str = "http://127.0.0.1:8101"
    release_notify_url: str = "http://127.0.0.1:8102"
    consent_url: str = "http://127.0.0.1:8103"
    audit_url: str = "http://127.0.0.1:8104"
    referral_url: str = "http://127.0.0.1:8106"
    issuer_url: str = "http://127.0.0.1:8105"
    """Where the gateway finds the development issuer's own process; unused in production."""

    deploy_dir: Path = Path("deploy")
    data_dir: Path = Path(".throughgate")
    signing_key_file: Path | None = None
    """Audit's Ed25519 private key (PEM, 0600); in development it is made if it is missing, below `data_dir`."""
    log_key_file: Path | None = None
    """The share log's verifier key (C2SP text), which audit writes and the projector reads."""
    log_origin: str = "throughgate.development/share-log"
    """The log's name: what its signatures are bound to. One deployment, one log, one name for ever."""

    cursor_key: str = Field(default=DEVELOPMENT_CURSOR_KEY, repr=False)
    """Signs list cursors; the same for all replicas of a service."""
    seal_key: str = Field(default=DEVELOPMENT_SEAL_KEY, repr=False)
    """Seals secrets that rest in a database (chassis.seal): for the gateway and its deliverer."""
    outside_ca_file: Path | None = None
    """Certificates (PEM) of authorities of the agencies' own, beside the public ones, for calls to their endpoints."""
    delivery_timeout_s: float = Field(default=10, gt=0, le=30)
    """How long an endpoint of an agency may take to answer one call."""
    delivery_give_up_s: float = Field(default=86_400, gt=0)
    """How long a delivery to an endpoint is tried again before it is given up."""
    rate_limit: str = "30000/minute"
    """Requests of one agency to one gateway process, in the notation of the library `limits`."""
    requests_at_once: int = Field(default=200, gt=0)
    """What one process works on at once; one more is answered 503 at once. Twenty for each database connection: more
    would only wait for one, and a client that keeps a hundred connections open is not turned away."""

    crash_file: Path | None = None
    """For fault tests: a file that says at which point to die (chassis.crash). Refused outside development and test."""

    clock_ahead_s: float = 0
    """For tests of what time alone brings: by how much this process' time runs ahead. Refused as `crash_file` is."""

    log_level: str = "info"
    otlp_endpoint: str = ""
    """Base address of an OTLP/HTTP collector; traces are sent only if it is set."""
    trace_sampling: float = Field(default=0.1, ge=0, le=1)

    @property
    def is_local(self) -> bool:
        """True where made-up people live: development and test."""
        return self.environment in (Environment.DEVELOPMENT, Environment.TEST)

    @model_validator(mode="after")
    def _secrets_of_its_own(self) -> Self:
        if not self.is_local and self.cursor_key == DEVELOPMENT_CURSOR_KEY:
            raise ValueError("THROUGHGATE_CURSOR_KEY must be set outside development")
        return self

    @model_validator(mode="after")
    def _a_name_of_its_own(self) -> Self:
        if not self.is_local and self.audience == DEVELOPMENT_AUDIENCE:
            raise ValueError("THROUGHGATE_AUDIENCE must be set outside development")
        return self

    @model_validator(mode="after")
    def _no_way_to_be_told_to_die(self) -> Self:
        if not self.is_local and self.crash_file is not None:
            raise ValueError("THROUGHGATE_CRASH_FILE is for development and test alone")
        return self

    @model_validator(mode="after")
    def _the_machine_s_own_time(self) -> Self:
        if not self.is_local and self.clock_ahead_s != 0:
            raise ValueError("THROUGHGATE_CLOCK_AHEAD_S is for development and test alone")
        return self
