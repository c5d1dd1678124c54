"""The policy has an instant, so that nothing decided by it is dated before it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    since = sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("'epoch'"))
    op.add_column("policy_state", since)
