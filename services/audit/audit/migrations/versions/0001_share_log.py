"""The share log: append only by right, by trigger and by partition; what is erasable stands apart."""

from alembic import op

from chassis.migrations import create_chassis_tables, grant
from contracts.topics import Topic

revision = "0001"
down_revision = None

PARTITION_SIZE = 10_000_000
LOG_TABLES = ("log_entry", "log_dedup", "log_batch")
ERASABLE = ("log_detail", "subject_key")
MUTABLE = ("person_alias", "delivery", "claim")

TABLES = """
CREATE TABLE log_state (
    log varchar PRIMARY KEY,
    size bigint NOT NULL,
    batches bigint NOT NULL
);
CREATE TABLE log_entry (
    log_index bigint PRIMARY KEY,
    kind varchar NOT NULL,
    share_id varchar,
    person bytea,
    source varchar,
    recipient varchar,
    category varchar,
    purpose varchar,
    decision varchar,
    basis varchar,
    clause varchar,
    reason varchar,
    member bytea,
    ends varchar,
    decided_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    leaf text NOT NULL,
    leaf_hash bytea NOT NULL
) PARTITION BY RANGE (log_index);
CREATE INDEX log_entry_kind ON log_entry (kind, log_index);
CREATE INDEX log_entry_person ON log_entry (person, log_index) WHERE person IS NOT NULL;
CREATE INDEX log_entry_source ON log_entry (source, log_index) WHERE source IS NOT NULL;
CREATE INDEX log_entry_recipient ON log_entry (recipient, log_index) WHERE recipient IS NOT NULL;
CREATE INDEX log_entry_category ON log_entry (category, log_index) WHERE category IS NOT NULL;
CREATE INDEX log_entry_purpose ON log_entry (purpose, log_index) WHERE purpose IS NOT NULL;
CREATE INDEX log_entry_basis ON log_entry (basis, log_index) WHERE basis IS NOT NULL;
CREATE INDEX log_entry_decision ON log_entry (decision, log_index) WHERE decision IS NOT NULL;
CREATE INDEX log_entry_clause ON log_entry (clause, log_index) WHERE clause IS NOT NULL;
CREATE INDEX log_entry_reason ON log_entry (reason, log_index) WHERE reason IS NOT NULL;
CREATE INDEX log_entry_member ON log_entry (member, log_index) WHERE member IS NOT NULL;
CREATE INDEX log_entry_share ON log_entry (share_id) WHERE share_id IS NOT NULL;
CREATE INDEX log_entry_ends ON log_entry (ends) WHERE ends IS NOT NULL;
CREATE INDEX log_entry_decided_at ON log_entry (decided_at);
CREATE TABLE log_dedup (
    entry_id varchar PRIMARY KEY,
    log_index bigint NOT NULL
);
CREATE TABLE log_batch (
    version bigint PRIMARY KEY,
    first_index bigint NOT NULL,
    size bigint NOT NULL,
    key_id varchar NOT NULL,
    signature varchar NOT NULL,
    event_id varchar NOT NULL,
    appended_at timestamptz NOT NULL
);
CREATE TABLE log_detail (
    log_index bigint PRIMARY KEY,
    salt bytea NOT NULL,
    person_id varchar,
    subject_ref varchar,
    detail text NOT NULL
);
CREATE INDEX log_detail_person ON log_detail (person_id, log_index) WHERE person_id IS NOT NULL;
CREATE INDEX log_detail_subject ON log_detail (subject_ref, log_index) WHERE subject_ref IS NOT NULL;
CREATE TABLE subject_key (
    ref varchar PRIMARY KEY,
    key bytea NOT NULL
);
CREATE TABLE person_alias (
    removed_id varchar PRIMARY KEY,
    kept_id varchar NOT NULL
);
CREATE INDEX ix_person_alias_kept_id ON person_alias (kept_id);
CREATE TABLE delivery (
    share_id varchar PRIMARY KEY,
    agency varchar NOT NULL,
    delivered_at timestamptz,
    acknowledged_at timestamptz
);
CREATE TABLE claim (
    involvement_id varchar PRIMARY KEY,
    person_id varchar NOT NULL,
    agency varchar NOT NULL,
    state varchar NOT NULL,
    roles text[] NOT NULL,
    via varchar NOT NULL,
    member varchar,
    since timestamptz NOT NULL,
    log_index bigint NOT NULL
);
CREATE INDEX claim_open ON claim (log_index) WHERE state = 'claimed';
"""

REFUSE = """
CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the share log is append only' USING ERRCODE = 'restrict_violation';
END $$;
"""

OPEN_PARTITION = f"""
CREATE FUNCTION log_open_partition(number int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    name text := 'log_entry_p' || number;
    lowest bigint := number::bigint * {PARTITION_SIZE};
BEGIN
    IF number < 0 OR to_regclass('public.' || name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.log_entry INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format(
        'ALTER TABLE public.log_entry ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
        name, lowest, lowest + {PARTITION_SIZE});
    EXECUTE format(
        'CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON public.%I EXECUTE FUNCTION public.log_refuse()', name);
END $$;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(REFUSE)
    for table in LOG_TABLES:
        op.execute(
            f"CREATE TRIGGER log_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION log_refuse()"
        )
        op.execute(f"CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION log_refuse()")
    op.execute(OPEN_PARTITION)
    op.execute("SELECT log_open_partition(0), log_open_partition(1)")
    op.execute("REVOKE ALL ON FUNCTION log_open_partition(int) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION log_open_partition(int) TO audit")
    create_chassis_tables(op, topics=(Topic.SHARE_LOG, Topic.SHARE_RECEIPTS), role="audit")
    grant(op, "audit", LOG_TABLES, "SELECT, INSERT")
    grant(op, "audit", ("log_state",), "SELECT, INSERT, UPDATE")
    grant(op, "audit", ERASABLE, "SELECT, INSERT, DELETE")
    grant(op, "audit", MUTABLE)
