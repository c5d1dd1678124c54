"""Where in the log what was heard newest of a share stands. Of what was heard before this version anything is newer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COLUMNS = (("referral", "decided_index"), ("screening", "request_index"), ("screening", "answer_index"))


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
