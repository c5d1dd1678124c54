"""Dates, releases and their history. What is history may be added to and read, and nothing else."""

from alembic import op

from chassis.migrations import create_chassis_tables, grant
from contracts.topics import Topic

revision = "0001"
down_revision = None

ROLE = "release_notify"
STATE = ("custody", "national_feed", "person", "release", "release_date", "sequence", "touched_address")
HISTORY = ("address_check", "change", "day_of_release_decision", "national_event")

TABLES = """
CREATE TABLE address_check (
    check_id varchar NOT NULL,
    release_id varchar NOT NULL,
    prison varchar NOT NULL,
    confirmed boolean NOT NULL,
    checked_with varchar,
    member varchar,
    at timestamptz NOT NULL,
    PRIMARY KEY (check_id)
);
CREATE INDEX ix_address_check_release_id ON address_check (release_id);
CREATE TABLE change (
    change_id varchar NOT NULL,
    release_id varchar NOT NULL,
    version integer,
    at timestamptz NOT NULL,
    cause varchar NOT NULL,
    prison varchar NOT NULL,
    member varchar,
    dates jsonb NOT NULL,
    old_on date,
    new_on date,
    direction varchar NOT NULL,
    date_type varchar,
    status varchar,
    reason varchar,
    notice_working_days integer,
    flags jsonb NOT NULL,
    PRIMARY KEY (change_id)
);
CREATE INDEX change_prison ON change (prison, at);
CREATE INDEX change_release ON change (release_id, change_id);
CREATE TABLE custody (
    recorded_person_id varchar NOT NULL,
    person_id varchar NOT NULL,
    custody_id varchar NOT NULL,
    status varchar NOT NULL,
    prison varchar,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (recorded_person_id)
);
CREATE INDEX ix_custody_person_id ON custody (person_id);
CREATE TABLE day_of_release_decision (
    decision_id varchar NOT NULL,
    release_id varchar NOT NULL,
    prison varchar NOT NULL,
    decision varchar NOT NULL,
    due_on date NOT NULL,
    decided_on date NOT NULL,
    advised_on date,
    reason varchar NOT NULL,
    member varchar NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (decision_id)
);
CREATE INDEX ix_day_of_release_decision_release_id ON day_of_release_decision (release_id);
CREATE TABLE national_event (
    event_id varchar NOT NULL,
    person_id varchar NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (event_id)
);
CREATE TABLE national_feed (
    agency_id varchar NOT NULL,
    PRIMARY KEY (agency_id)
);
CREATE TABLE person (
    person_id varchar NOT NULL,
    merged_into varchar,
    pending_since timestamptz,
    PRIMARY KEY (person_id)
);
CREATE INDEX ix_person_merged_into ON person (merged_into);
CREATE TABLE release (
    release_id varchar NOT NULL,
    person_id varchar NOT NULL,
    recorded_person_id varchar NOT NULL,
    prison varchar NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    version integer NOT NULL,
    offered jsonb,
    effective_on date,
    flags jsonb NOT NULL,
    address_key varchar,
    address_shared boolean NOT NULL,
    confirmed_address varchar,
    released_on date,
    decision jsonb,
    plan jsonb NOT NULL,
    fired jsonb NOT NULL,
    next_milestone_on date,
    PRIMARY KEY (release_id)
);
CREATE INDEX release_address ON release (address_key) WHERE address_key IS NOT NULL;
CREATE INDEX release_coming ON release (prison, effective_on, release_id) WHERE closed_at IS NULL;
CREATE INDEX release_milestone ON release (next_milestone_on) WHERE next_milestone_on IS NOT NULL;
CREATE INDEX release_open ON release (person_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX release_own ON release (recorded_person_id) WHERE closed_at IS NULL;
CREATE INDEX release_person ON release (person_id);
CREATE TABLE release_date (
    release_id varchar NOT NULL,
    date_type varchar NOT NULL,
    due_on date,
    due_time varchar,
    status varchar NOT NULL,
    reason varchar,
    prison varchar NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL,
    address jsonb,
    reporting varchar,
    sentence jsonb,
    withdrawal_reason varchar,
    PRIMARY KEY (release_id, date_type)
);
CREATE TABLE sequence (
    recorded_person_id varchar NOT NULL,
    prison varchar NOT NULL,
    date_type varchar NOT NULL,
    person_id varchar NOT NULL,
    last_sequence bigint NOT NULL,
    PRIMARY KEY (recorded_person_id, prison, date_type)
);
CREATE INDEX ix_sequence_person_id ON sequence (person_id);
CREATE TABLE touched_address (
    touch_id varchar NOT NULL,
    address_key varchar NOT NULL,
    PRIMARY KEY (touch_id)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_chassis_tables(op, topics=(Topic.RELEASE_EVENTS, Topic.OFFERS), role=ROLE)
    grant(op, ROLE, STATE)
    grant(op, ROLE, HISTORY, "SELECT, INSERT")
