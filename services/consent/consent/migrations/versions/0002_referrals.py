"""Offers say which referral they belong to."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE offer ADD COLUMN referral JSONB")
