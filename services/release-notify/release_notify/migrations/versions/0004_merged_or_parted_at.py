"""From when a number is known to be merged or not. Of those merged before this version anything heard is later."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("person", sa.Column("merged_or_parted_at", sa.DateTime(timezone=True), nullable=True))
