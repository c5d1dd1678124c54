"""Persons who were erased: the row stays, without anything about the person, so that nothing late brings them back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ERASE = """
CREATE FUNCTION erase_history(ids varchar[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM history h USING referral r, person p
    WHERE h.referral_id = r.referral_id AND p.person_id IN (r.person_id, r.recorded_person_id)
      AND p.person_id = ANY(ids) AND p.erased_at IS NOT NULL
$$;
REVOKE ALL ON FUNCTION erase_history(varchar[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_history(varchar[]) TO referral;
"""
"""The service has no right to delete history; it may have that of people who are marked as erased go."""


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(ERASE)
