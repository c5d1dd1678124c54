"""The projector erases a person from everything that the gateway keeps: also deliveries and messages of BaRS.

A message of BaRS says whom it is about, and `erased_person` who means nobody any more.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = """
ALTER TABLE fhir_message ADD COLUMN person_id varchar;
CREATE INDEX fhir_message_person ON fhir_message (person_id) WHERE person_id IS NOT NULL;

CREATE TABLE erased_person (
    person_id varchar PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
ALTER TABLE erased_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE erased_person FORCE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON erased_person TO gateway_projector USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON erased_person TO gateway_projector;

CREATE POLICY erased_rows ON delivery TO gateway_projector USING (true);
GRANT SELECT (agency, share_id), DELETE ON delivery TO gateway_projector;
CREATE POLICY erased_rows ON fhir_message TO gateway_projector USING (true);
GRANT SELECT (referral_id, person_id), DELETE ON fhir_message TO gateway_projector;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
