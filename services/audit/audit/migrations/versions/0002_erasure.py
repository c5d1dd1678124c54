"""Persons who were erased, by their bare ids: what is appended about them later is nobody's."""

import sqlalchemy as sa
from alembic import op

from chassis.migrations import grant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "erased_person",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    grant(op, "audit", ("erased_person",), "SELECT, INSERT")
