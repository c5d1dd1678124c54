"""Whose custody ended a release. Those that a merge closed are told by their history; of others no undoing opens one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

CLOSED_BY_MERGE = """
UPDATE release r SET ended_by = p.merged_into FROM person p
WHERE p.person_id = r.recorded_person_id AND r.closed_at IS NOT NULL
  AND EXISTS (SELECT FROM change c WHERE c.release_id = r.release_id AND c.cause = 'merge' AND c.at = r.closed_at)
"""


def upgrade() -> None:
    op.add_column("release", sa.Column("ended_by", sa.String(), nullable=True))
    op.execute(CLOSED_BY_MERGE)
