"""A signed batch has a signed turn; batches of before are given theirs when audit starts."""

import sqlalchemy as sa
from alembic import op

from chassis.migrations import grant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "log_turn",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    # No batch without a turn from here on, by whichever version of audit; those of before are not looked at.
    op.execute(
        "ALTER TABLE log_batch ADD CONSTRAINT log_batch_has_turn FOREIGN KEY (version) REFERENCES log_turn (version)"
        " DEFERRABLE INITIALLY DEFERRED NOT VALID"
    )
    op.execute(
        "CREATE TRIGGER log_no_change BEFORE UPDATE OR DELETE ON log_turn FOR EACH ROW EXECUTE FUNCTION log_refuse()"
    )
    op.execute("CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON log_turn EXECUTE FUNCTION log_refuse()")
    grant(op, "audit", ("log_turn",), "SELECT, INSERT")
