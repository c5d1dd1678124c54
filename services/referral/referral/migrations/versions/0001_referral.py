"""Referrals, their sides and history, the directory. What is history may be added to and read, and nothing else."""

from alembic import op

from chassis.migrations import create_chassis_tables, grant
from contracts.topics import Topic

revision = "0001"
down_revision = None

ROLE = "referral"
STATE = (
    "agency",
    "appointment",
    "person",
    "referral",
    "release",
    "release_shown",
    "release_window",
    "service",
    "side",
)
HISTORY = ("history",)

TABLES = """
CREATE TABLE agency (
    agency_id varchar NOT NULL,
    kind varchar NOT NULL,
    name varchar NOT NULL,
    area varchar NOT NULL,
    PRIMARY KEY (agency_id)
);
CREATE TABLE appointment (
    appointment_id varchar NOT NULL,
    referral_id varchar NOT NULL,
    role varchar NOT NULL,
    at timestamptz NOT NULL,
    with_whom varchar,
    place varchar,
    participants jsonb,
    outcome varchar,
    outcome_at timestamptz,
    version integer NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (appointment_id)
);
CREATE INDEX appointment_referral ON appointment (referral_id, at);
CREATE TABLE history (
    history_id varchar NOT NULL,
    referral_id varchar NOT NULL,
    role varchar NOT NULL,
    at timestamptz NOT NULL,
    from_state varchar,
    to_state varchar NOT NULL,
    by varchar NOT NULL,
    action varchar NOT NULL,
    code varchar,
    member varchar,
    PRIMARY KEY (history_id)
);
CREATE INDEX history_side ON history (referral_id, role, history_id);
CREATE TABLE person (
    person_id varchar NOT NULL,
    merged_into varchar,
    PRIMARY KEY (person_id)
);
CREATE INDEX ix_person_merged_into ON person (merged_into);
CREATE TABLE referral (
    referral_id varchar NOT NULL,
    chain_id varchar NOT NULL,
    person_id varchar NOT NULL,
    recorded_person_id varchar NOT NULL,
    sender varchar NOT NULL,
    receiver varchar NOT NULL,
    service_id varchar,
    onward_of varchar,
    said jsonb NOT NULL,
    answer jsonb NOT NULL,
    warnings jsonb NOT NULL,
    written_at timestamptz NOT NULL,
    submitted_at timestamptz,
    received_at timestamptz,
    answered_at timestamptz,
    rejection_shown_at timestamptz,
    bounces integer NOT NULL,
    offer_version integer NOT NULL,
    awaited_version integer NOT NULL,
    offered jsonb,
    status_id varchar NOT NULL,
    status_version integer NOT NULL,
    status_offered jsonb,
    status_sent jsonb NOT NULL,
    shown_status integer NOT NULL,
    PRIMARY KEY (referral_id)
);
CREATE INDEX referral_chain ON referral (chain_id);
CREATE INDEX referral_person ON referral (person_id);
CREATE INDEX referral_recorded ON referral (recorded_person_id);
CREATE INDEX referral_service ON referral (service_id, received_at) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX referral_status ON referral (status_id);
CREATE TABLE release (
    release_id varchar NOT NULL,
    version integer NOT NULL,
    person_id varchar NOT NULL,
    recorded_person_id varchar NOT NULL,
    prison varchar NOT NULL,
    release_on date,
    at timestamptz NOT NULL,
    PRIMARY KEY (release_id, version)
);
CREATE INDEX release_person ON release (person_id, at);
CREATE INDEX ix_release_recorded_person_id ON release (recorded_person_id);
CREATE TABLE release_shown (
    release_id varchar NOT NULL,
    agency varchar NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (release_id, agency)
);
CREATE TABLE release_window (
    release_id varchar NOT NULL,
    "window" varchar NOT NULL,
    opens_on date NOT NULL,
    closes_on date NOT NULL,
    opened_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (release_id, "window")
);
CREATE INDEX window_closes ON release_window (closes_on) WHERE opened_at IS NOT NULL AND closed_at IS NULL;
CREATE INDEX window_opens ON release_window (opens_on) WHERE opened_at IS NULL;
CREATE TABLE service (
    service_id varchar NOT NULL,
    agency varchar NOT NULL,
    version integer NOT NULL,
    name varchar NOT NULL,
    area varchar NOT NULL,
    needs jsonb NOT NULL,
    age_from integer,
    age_until integer,
    women_only boolean NOT NULL,
    exclusions jsonb NOT NULL,
    statutory boolean NOT NULL,
    voluntary boolean NOT NULL,
    contact varchar,
    opens_days_before_release integer,
    next_start date,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (service_id)
);
CREATE INDEX ix_service_agency ON service (agency);
CREATE INDEX service_area ON service (area, service_id);
CREATE TABLE side (
    referral_id varchar NOT NULL,
    role varchar NOT NULL,
    agency varchar NOT NULL,
    state varchar NOT NULL,
    resumes varchar,
    since timestamptz NOT NULL,
    version integer NOT NULL,
    clock jsonb NOT NULL,
    due_at timestamptz,
    overdue boolean NOT NULL,
    expires_at timestamptz,
    alerts jsonb NOT NULL,
    PRIMARY KEY (referral_id, role)
);
CREATE INDEX side_agency ON side (agency, role, referral_id);
CREATE INDEX side_due ON side (due_at) WHERE due_at IS NOT NULL AND NOT overdue;
CREATE INDEX side_expires ON side (expires_at) WHERE expires_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    create_chassis_tables(op, topics=(Topic.REFERRAL_EVENTS, Topic.OFFERS), role=ROLE)
    grant(op, ROLE, STATE)
    grant(op, ROLE, HISTORY, "SELECT, INSERT")
