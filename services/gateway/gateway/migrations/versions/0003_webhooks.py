"""Endpoints of agencies and what was sent to them, each row for its own agency alone.

The front registers an endpoint and cannot read its secret back. The deliverer's role `gateway_deliverer` sees which
endpoints there are, and everything else only of the agency that its transaction names: of feeds no content at all, of
views the answers to referrals alone.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE webhook (
    agency varchar NOT NULL,
    endpoint varchar NOT NULL CHECK (endpoint IN ('feed', 'fhir')),
    url varchar NOT NULL,
    secret varchar NOT NULL,
    sent_up_to bigint NOT NULL,
    registered_at timestamptz NOT NULL,
    PRIMARY KEY (agency, endpoint)
);

CREATE TABLE webhook_delivery (
    agency varchar NOT NULL,
    endpoint varchar NOT NULL,
    message_id varchar NOT NULL,
    cursor bigint,
    state varchar NOT NULL
        CHECK (state IN ('pending', 'delivered', 'given-up', 'withdrawn', 'superseded')),
    attempts integer NOT NULL,
    status integer,
    problem varchar,
    made_at timestamptz NOT NULL,
    tried_at timestamptz,
    next_at timestamptz,
    PRIMARY KEY (agency, endpoint, message_id),
    FOREIGN KEY (agency, endpoint) REFERENCES webhook ON DELETE CASCADE
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (agency, endpoint, next_at) WHERE state = 'pending';
CREATE INDEX webhook_delivery_newest ON webhook_delivery (agency, made_at, message_id);
"""

POLICIES = """
CREATE POLICY own_rows ON webhook TO gateway USING (agency = asking_agency());
CREATE POLICY own_rows ON webhook_delivery TO gateway USING (agency = asking_agency());
CREATE POLICY which_there_are ON webhook FOR SELECT TO gateway_deliverer USING (true);
CREATE POLICY own_row_sent ON webhook FOR UPDATE TO gateway_deliverer USING (agency = asking_agency());
CREATE POLICY own_rows_of_deliverer ON webhook_delivery TO gateway_deliverer USING (agency = asking_agency());
CREATE POLICY old_rows ON webhook_delivery FOR DELETE TO gateway_deliverer
    USING (made_at < now() - interval '30 days');
CREATE POLICY own_rows_of_deliverer ON feed_item FOR SELECT TO gateway_deliverer USING (agency = asking_agency());
CREATE POLICY own_answers ON section FOR SELECT TO gateway_deliverer
    USING (agency = asking_agency() AND category = 'referral-status');
CREATE POLICY own_rows_of_deliverer ON fhir_message FOR SELECT TO gateway_deliverer USING (agency = asking_agency());
CREATE POLICY own_rows_of_deliverer ON delivery TO gateway_deliverer USING (agency = asking_agency());
"""

GRANTS = """
GRANT SELECT (agency, endpoint, url, sent_up_to, registered_at), DELETE ON webhook TO gateway;
GRANT INSERT (agency, endpoint, url, secret, sent_up_to, registered_at) ON webhook TO gateway;
GRANT UPDATE (url, secret, registered_at) ON webhook TO gateway;
GRANT SELECT, INSERT, DELETE, UPDATE (next_at) ON webhook_delivery TO gateway;
GRANT SELECT, UPDATE (sent_up_to) ON webhook TO gateway_deliverer;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_delivery TO gateway_deliverer;
GRANT SELECT (agency, cursor, kind, share_id, category, subject_ref, source, told_source, hidden, available_at)
    ON feed_item TO gateway_deliverer;
GRANT SELECT ON section, fhir_message TO gateway_deliverer;
GRANT SELECT, INSERT, UPDATE ON delivery TO gateway_deliverer;
GRANT SELECT, INSERT, UPDATE ON outbox, outbox_stream TO gateway_deliverer;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gateway_deliverer;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(POLICIES)
    for table in ("webhook", "webhook_delivery"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(GRANTS)
