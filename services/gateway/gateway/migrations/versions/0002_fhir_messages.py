"""Messages of BaRS as they were sent, each for the agency that sent it alone. They are never changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = """
CREATE TABLE fhir_message (
    agency varchar NOT NULL,
    header_id varchar NOT NULL,
    bundle_id varchar NOT NULL,
    event varchar NOT NULL,
    referral_id varchar NOT NULL,
    names varchar[] NOT NULL,
    body text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (agency, header_id)
);
CREATE UNIQUE INDEX fhir_message_bundle ON fhir_message (agency, bundle_id);
CREATE INDEX fhir_message_names ON fhir_message USING gin (names);
CREATE INDEX fhir_message_referral ON fhir_message (agency, referral_id);
ALTER TABLE fhir_message ENABLE ROW LEVEL SECURITY;
ALTER TABLE fhir_message FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON fhir_message FOR SELECT TO gateway USING (agency = asking_agency());
CREATE POLICY own_row ON fhir_message FOR INSERT TO gateway WITH CHECK (agency = asking_agency());
GRANT SELECT, INSERT ON fhir_message TO gateway;
"""


def upgrade() -> None:
    op.execute(TABLE)
