"""Persons whom an agency has taken on by accepting a referral."""

import sqlalchemy as sa
from alembic import op

from chassis.migrations import grant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "taken_on",
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("recorded_person_id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("stood_as", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("referral_id"),
    )
    op.create_index("taken_on_of_person", "taken_on", ["person_id", "agency"], unique=False)
    grant(op, "caseload", ("taken_on",))
