"""Screening requests, and the single point of contact of an agency."""

from alembic import op

from chassis.migrations import grant

revision = "0002"
down_revision = "0001"

TABLES = """
ALTER TABLE agency ADD COLUMN contact jsonb;
CREATE TABLE screening (
    screening_id varchar NOT NULL,
    person_id varchar NOT NULL,
    recorded_person_id varchar NOT NULL,
    sender varchar NOT NULL,
    receiver varchar NOT NULL,
    reason varchar,
    asked_at timestamptz NOT NULL,
    open boolean NOT NULL,
    request_version integer NOT NULL,
    received_at timestamptz,
    answer varchar,
    answered_at timestamptz,
    answered_by varchar,
    answer_version integer NOT NULL,
    shown_at timestamptz,
    sender_state varchar NOT NULL,
    sender_version integer NOT NULL,
    receiver_state varchar NOT NULL,
    receiver_version integer NOT NULL,
    PRIMARY KEY (screening_id)
);
CREATE INDEX ix_screening_person_id ON screening (person_id);
CREATE INDEX ix_screening_recorded_person_id ON screening (recorded_person_id);
CREATE INDEX screening_receiver ON screening (receiver, screening_id);
CREATE INDEX screening_sender ON screening (sender, screening_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
    grant(op, "referral", ("screening",))
