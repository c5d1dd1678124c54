"""The answers that were given to keyed commands, so that a repeated command is answered and not done again."""

from datetime import datetime

from sqlalchemy import Column, DateTime, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from chassis.tables import ChassisTable


class IdempotencyRecord(ChassisTable, table=True):
    """One command of one agency and its first answer. `key_hash` and `request_hash` are SHA-256, in hex."""

    __tablename__ = "idempotency_record"

    agency: str = Field(primary_key=True)
    key_hash: str = Field(primary_key=True)
    request_hash: str
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))
