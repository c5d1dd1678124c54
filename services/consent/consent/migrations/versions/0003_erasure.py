"""Persons who were erased: the row stays, without anything about the person, so that nothing late brings them back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ERASE = """
CREATE FUNCTION erase_withdrawals(ids varchar[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM withdrawal w USING person p
    WHERE p.id = ANY(ids) AND p.erased_at IS NOT NULL AND p.id IN (w.person_id, w.recorded_person_id)
$$;
REVOKE ALL ON FUNCTION erase_withdrawals(varchar[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_withdrawals(varchar[]) TO consent;
"""
"""The service has no right to delete a withdrawal; it may have those of people who are marked as erased go."""


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_decision_input_person_id", "decision_input", ["person_id"], unique=False)
    op.execute(ERASE)
