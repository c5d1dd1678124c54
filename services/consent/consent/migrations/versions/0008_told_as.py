"""Under which number a share is told in the log. Of those told before this version nothing is known to be amiss."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("share", sa.Column("told_as", sa.String(), nullable=True))
