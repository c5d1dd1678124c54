"""From when a number is known to be merged or not. Of those merged before this version anything heard is later."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("person_alias", sa.Column("merged_or_parted_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("person_alias", "kept_id", nullable=True)
