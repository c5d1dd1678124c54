"""A question about what was decided since a moment begins where the log was at that moment."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("log_batch_appended", "log_batch", ["appended_at", "first_index"])
