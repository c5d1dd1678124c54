"""When a number's newest movement was. What was heard before is taken for a movement, as it was until now."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("custody", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE custody SET moved_at = occurred_at")
