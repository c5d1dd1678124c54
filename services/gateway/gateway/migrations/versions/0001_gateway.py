"""The views, feeds and ledgers of all agencies, each row for its own agency alone.

Row-level security is forced, so that even the owner of the tables sees nothing; the front's role `gateway` sees the
rows of the agency that its transaction names (`throughgate.agency`), the projector's role all of them.
"""

from alembic import op

from chassis.migrations import create_chassis_tables
from contracts.topics import Topic

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE feed_item (
    agency varchar NOT NULL,
    cursor bigint NOT NULL,
    kind varchar NOT NULL,
    share_id varchar NOT NULL,
    person_id varchar NOT NULL,
    category varchar NOT NULL,
    subject_ref varchar NOT NULL,
    version bigint NOT NULL,
    source varchar NOT NULL,
    source_kind varchar NOT NULL,
    told_source boolean NOT NULL,
    purpose varchar,
    basis varchar,
    clause varchar,
    release_date varchar,
    hidden boolean NOT NULL,
    body text NOT NULL,
    available_at timestamptz NOT NULL,
    PRIMARY KEY (agency, cursor)
);
CREATE UNIQUE INDEX feed_item_share ON feed_item (agency, share_id, kind);
CREATE INDEX feed_item_subject ON feed_item (agency, subject_ref, cursor);
CREATE INDEX feed_item_person ON feed_item (agency, person_id, cursor);

CREATE TABLE section (
    agency varchar NOT NULL,
    category varchar NOT NULL,
    subject_ref varchar NOT NULL,
    person_id varchar NOT NULL,
    version bigint NOT NULL,
    share_id varchar NOT NULL,
    cursor bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (agency, category, subject_ref)
);
CREATE INDEX section_share ON section (agency, share_id);
CREATE INDEX section_person ON section (agency, person_id);

CREATE TABLE ledger (
    agency varchar NOT NULL,
    cursor bigint NOT NULL,
    share_id varchar NOT NULL,
    person_id varchar NOT NULL,
    category varchar NOT NULL,
    subject_ref varchar NOT NULL,
    version bigint NOT NULL,
    recipient varchar,
    recipient_kind varchar,
    state varchar NOT NULL,
    reason varchar,
    clause varchar,
    current boolean NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (agency, cursor)
);
CREATE INDEX ledger_subject ON ledger (agency, subject_ref, cursor);
CREATE INDEX ledger_person ON ledger (agency, person_id, cursor);
CREATE INDEX ledger_share ON ledger (share_id);

CREATE TABLE delivery (
    agency varchar NOT NULL,
    share_id varchar NOT NULL,
    cursor bigint NOT NULL,
    source varchar NOT NULL,
    told_source boolean NOT NULL,
    delivered_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    PRIMARY KEY (agency, share_id)
);
CREATE INDEX delivery_share ON delivery (share_id);

CREATE TABLE tally (
    agency varchar PRIMARY KEY,
    shares bigint DEFAULT 0 NOT NULL,
    hidden bigint DEFAULT 0 NOT NULL
);

CREATE TABLE progress (
    log varchar PRIMARY KEY,
    size bigint NOT NULL
);

CREATE TABLE denial (
    share_id varchar PRIMARY KEY,
    agency varchar NOT NULL,
    effect varchar NOT NULL,
    at timestamptz NOT NULL
);

CREATE TABLE told (
    source varchar NOT NULL,
    category varchar NOT NULL,
    subject_ref varchar NOT NULL,
    recipient varchar NOT NULL,
    share_id varchar NOT NULL,
    PRIMARY KEY (source, category, subject_ref, recipient)
);

CREATE TABLE bulk_request (
    agency varchar NOT NULL,
    key varchar NOT NULL,
    digest varchar NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (agency, key)
);

CREATE TABLE bulk_chunk (
    agency varchar NOT NULL,
    key varchar NOT NULL,
    number integer NOT NULL,
    people text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (agency, key, number)
);
"""

POLICIES = """
CREATE FUNCTION asking_agency() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('throughgate.agency', true), '') $$;

CREATE POLICY own_rows ON feed_item TO gateway USING (agency = asking_agency());
CREATE POLICY own_rows ON section TO gateway USING (agency = asking_agency());
CREATE POLICY own_rows ON ledger TO gateway USING (agency = asking_agency());
CREATE POLICY own_rows ON bulk_request FOR SELECT TO gateway USING (agency = asking_agency());
CREATE POLICY own_row ON bulk_request FOR INSERT TO gateway WITH CHECK (agency = asking_agency());
CREATE POLICY old_rows ON bulk_request FOR DELETE TO gateway USING (at < now() - interval '2 days');
CREATE POLICY own_rows ON bulk_chunk FOR SELECT TO gateway USING (agency = asking_agency());
CREATE POLICY own_row ON bulk_chunk FOR INSERT TO gateway WITH CHECK (agency = asking_agency());
CREATE POLICY old_rows ON bulk_chunk FOR DELETE TO gateway USING (at < now() - interval '2 days');
CREATE POLICY own_rows ON delivery TO gateway USING (agency = asking_agency());
CREATE POLICY source_may_know ON delivery FOR SELECT TO gateway USING (told_source AND source = asking_agency());
CREATE POLICY own_count ON tally FOR SELECT TO gateway USING (
    agency = asking_agency() OR current_setting('throughgate.agency_kind', true) = 'auditor');
"""

GRANTS = """
GRANT SELECT ON feed_item, section, ledger, tally, progress TO gateway;
GRANT SELECT, INSERT, UPDATE ON delivery TO gateway;
GRANT SELECT, INSERT, DELETE ON bulk_request, bulk_chunk TO gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON feed_item, section, ledger, tally, progress, denial, told
    TO gateway_projector;
REVOKE ALL ON waiting, stream_position FROM gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON waiting, stream_position, broker_seen TO gateway_projector;
"""

GUARDED = ("feed_item", "section", "ledger", "delivery", "tally", "denial", "told", "bulk_request", "bulk_chunk")
PROJECTED = ("feed_item", "section", "ledger", "tally", "denial", "told")


def upgrade() -> None:
    create_chassis_tables(op, topics=(Topic.ACCESS_EVENTS,), role="gateway")
    op.execute(TABLES)
    op.execute(POLICIES)
    for table in PROJECTED:
        op.execute(f"CREATE POLICY all_rows ON {table} TO gateway_projector USING (true) WITH CHECK (true)")
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(GRANTS)
