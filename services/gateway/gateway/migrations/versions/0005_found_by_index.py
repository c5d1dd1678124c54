"""What an acknowledgement and an erasure look for is found by an index, however long an agency's history is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index(
        "delivery_open", "delivery", ["agency", "cursor"], postgresql_where=sa.text("acknowledged_at IS NULL")
    )
    op.create_index("told_share", "told", ["share_id"])
    op.create_index("told_subject", "told", ["subject_ref"])
    op.create_index("fhir_message_of_referral", "fhir_message", ["referral_id"])
