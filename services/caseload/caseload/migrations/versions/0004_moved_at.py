"""Custody that a registration opened has no movement time. Such a row was written as a movement of the very moment."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPENED = """
UPDATE movement SET outcome = 'opened'
WHERE outcome = 'applied' AND status = 'received' AND occurred_at = recorded_at AND event_id IS NULL
"""
MOVED = """
UPDATE custody SET moved_at = (
    SELECT max(occurred_at) FROM movement WHERE person_id = custody.person_id AND outcome = 'applied'
)
"""


def upgrade() -> None:
    op.add_column("custody", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(OPENED)
    op.execute(MOVED)
