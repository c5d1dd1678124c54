"""Tables of what is in force: agreements, agencies, and which policy that makes."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from consent.models.table import Table, instant, long, word
from contracts.codes import AgencyKind


class PolicyState(Table, table=True):
    """The one row that says which policy is in force. `version` grows with every change of agreements or agencies."""

    __tablename__ = "policy_state"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    policy_set: str
    """A new random name with every change: what caches in memory go by."""
    version: int = long()
    changed_at: datetime = instant()


class AgreementRow(Table, table=True):
    """A published version of an agreement: its canonical text, for ever. One version of each is `current`."""

    __tablename__ = "agreement"
    __table_args__ = (Index("agreement_current", "agreement_id", unique=True, postgresql_where=text("current")),)

    agreement_id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)
    document_hash: str
    policy_hash: str
    current: bool
    published_by: str
    published_at: datetime = instant()


class AgencyRow(Table, table=True):
    """One agency of the register, as caseload told of it; `suspended` is consent's own."""

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    kind: AgencyKind = word()
    area: str
    nhs_body: bool
    contracted_by: str | None = None
    suspended: bool
