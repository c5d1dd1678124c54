"""Persons who were erased: the row stays, without anything about the person, so that nothing late brings them back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

HISTORY = ("change", "day_of_release_decision", "address_check")

ERASE = """
CREATE FUNCTION erase_{table}(ids varchar[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DELETE FROM {table} h USING release r, person p
    WHERE h.release_id = r.release_id AND p.person_id IN (r.person_id, r.recorded_person_id)
      AND p.person_id = ANY(ids) AND p.erased_at IS NOT NULL
$$;
REVOKE ALL ON FUNCTION erase_{table}(varchar[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_{table}(varchar[]) TO release_notify;
"""
"""The service has no right to delete history; it may have that of people who are marked as erased go."""


def upgrade() -> None:
    op.add_column("person", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    for table in HISTORY:
        op.execute(ERASE.format(table=table))
