"""A withdrawal takes back what stood on consent and ended before it, too: such shares are found by their person."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index(
        "share_ended_on_consent",
        "share",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("basis = 'consent' AND effect = 'end'"),
    )
