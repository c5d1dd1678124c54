"""A withdrawal names the older shares of a subject too: they are found by it."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("share_of_subject", "share", ["subject_ref", "recipient"], unique=False)
