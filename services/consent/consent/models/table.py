"""What consent's tables are made of."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    """Base of consent's tables, apart from every other service's metadata."""

    metadata = MetaData()


def instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


def optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def word(**options: Any) -> Any:
    return Field(sa_type=String, **options)


def json() -> Any:
    return Field(sa_type=JSONB, nullable=False)


def optional_json() -> Any:
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


def long() -> Any:
    return Field(sa_type=BigInteger, nullable=False)
