"""Consent's tables: facts, current offers, permits and what each decision was taken on."""

from alembic import op

from chassis.migrations import create_chassis_tables, grant
from contracts.topics import Topic

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE agency (
    id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    area VARCHAR NOT NULL,
    nhs_body BOOLEAN NOT NULL,
    contracted_by VARCHAR,
    suspended BOOLEAN NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE agreement (
    agreement_id VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    document TEXT NOT NULL,
    document_hash VARCHAR NOT NULL,
    policy_hash VARCHAR NOT NULL,
    current BOOLEAN NOT NULL,
    published_by VARCHAR NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (agreement_id, version)
);
CREATE UNIQUE INDEX agreement_current ON agreement (agreement_id) WHERE current;
CREATE TABLE decision_input (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    agreements JSONB NOT NULL,
    person TEXT NOT NULL,
    offer TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_decision_input_decided_at ON decision_input (decided_at);
CREATE TABLE person (
    id VARCHAR NOT NULL,
    alias_of VARCHAR,
    restricted BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    clock TIMESTAMP WITH TIME ZONE NOT NULL,
    decide_again_at TIMESTAMP WITH TIME ZONE,
    queued_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(alias_of) REFERENCES person (id)
);
CREATE INDEX ix_person_alias_of ON person (alias_of);
CREATE INDEX person_due ON person (decide_again_at) WHERE decide_again_at IS NOT NULL;
CREATE INDEX person_queued ON person (queued_at) WHERE queued_at IS NOT NULL;
CREATE TABLE policy_state (
    id BIGSERIAL NOT NULL,
    policy_set VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE refusal (
    category VARCHAR NOT NULL,
    subject_ref VARCHAR NOT NULL,
    recipient VARCHAR NOT NULL,
    offer_version BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    share_id VARCHAR NOT NULL,
    PRIMARY KEY (category, subject_ref, recipient)
);
CREATE TABLE consent (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    categories JSONB NOT NULL,
    agencies JSONB NOT NULL,
    kinds JSONB NOT NULL,
    purposes JSONB NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    how VARCHAR NOT NULL,
    given_by VARCHAR NOT NULL,
    has_capacity BOOLEAN NOT NULL,
    interpreter VARCHAR,
    statement_id VARCHAR NOT NULL,
    statement_version VARCHAR NOT NULL,
    evidence_ref VARCHAR,
    flagged JSONB NOT NULL,
    recorded_by VARCHAR NOT NULL,
    member VARCHAR,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_consent_person_id ON consent (person_id);
CREATE INDEX ix_consent_recorded_by ON consent (recorded_by);
CREATE INDEX ix_consent_recorded_person_id ON consent (recorded_person_id);
CREATE TABLE decision (
    share_id VARCHAR NOT NULL,
    input_id VARCHAR NOT NULL,
    recipient TEXT NOT NULL,
    stood_on VARCHAR,
    verdict TEXT NOT NULL,
    PRIMARY KEY (share_id),
    FOREIGN KEY(input_id) REFERENCES decision_input (id)
);
CREATE INDEX ix_decision_input_id ON decision (input_id);
CREATE TABLE emergency_request (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    agency VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    source VARCHAR,
    justification VARCHAR NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    review_due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    unjustified BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_emergency_request_agency ON emergency_request (agency);
CREATE INDEX ix_emergency_request_person_id ON emergency_request (person_id);
CREATE INDEX ix_emergency_request_recorded_person_id ON emergency_request (recorded_person_id);
CREATE TABLE involvement (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    agency VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    roles JSONB NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_involvement_person_id ON involvement (person_id);
CREATE INDEX ix_involvement_recorded_person_id ON involvement (recorded_person_id);
CREATE TABLE mappa (
    recorded_person_id VARCHAR NOT NULL,
    agency VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    managed BOOLEAN NOT NULL,
    until DATE,
    version BIGINT NOT NULL,
    PRIMARY KEY (recorded_person_id, agency),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_mappa_person_id ON mappa (person_id);
CREATE TABLE objection (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    categories JSONB,
    agencies JSONB,
    kinds JSONB,
    purposes JSONB,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    recorded_by VARCHAR NOT NULL,
    member VARCHAR,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_objection_person_id ON objection (person_id);
CREATE INDEX ix_objection_recorded_person_id ON objection (recorded_person_id);
CREATE TABLE offer (
    category VARCHAR NOT NULL,
    subject_ref VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    offer_id VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    type VARCHAR NOT NULL,
    content JSONB,
    addressees JSONB,
    emergency JSONB,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered BOOLEAN NOT NULL,
    PRIMARY KEY (category, subject_ref),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_offer_person_id ON offer (person_id);
CREATE INDEX ix_offer_recorded_person_id ON offer (recorded_person_id);
CREATE TABLE review (
    share_id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    subject_ref VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    recipient VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    justification VARCHAR NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    request_id VARCHAR,
    outcome VARCHAR,
    comment VARCHAR,
    reviewed_by VARCHAR,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (share_id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_review_recorded_person_id ON review (recorded_person_id);
CREATE INDEX review_open ON review (due_at, share_id) WHERE outcome IS NULL;
CREATE TABLE share (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    subject_ref VARCHAR NOT NULL,
    offer_version BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    recipient VARCHAR NOT NULL,
    clause VARCHAR NOT NULL,
    basis VARCHAR NOT NULL,
    consent_id VARCHAR,
    request_id VARCHAR,
    content_digest VARCHAR NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    effect VARCHAR,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_share_recorded_person_id ON share (recorded_person_id);
CREATE INDEX share_consent ON share (consent_id) WHERE consent_id IS NOT NULL;
CREATE INDEX share_live_of_person ON share (person_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX share_one_live ON share (category, subject_ref, offer_version, recipient) WHERE ended_at IS NULL;
CREATE TABLE withdrawal (
    id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    recorded_person_id VARCHAR NOT NULL,
    consent_id VARCHAR,
    categories JSONB,
    agencies JSONB,
    kinds JSONB,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_by VARCHAR NOT NULL,
    member VARCHAR,
    version BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_withdrawal_person_id ON withdrawal (person_id);
CREATE INDEX ix_withdrawal_recorded_person_id ON withdrawal (recorded_person_id);
"""

NAMES = (
    "agency",
    "agreement",
    "consent",
    "decision",
    "decision_input",
    "emergency_request",
    "involvement",
    "mappa",
    "objection",
    "offer",
    "person",
    "policy_state",
    "refusal",
    "review",
    "share",
    "withdrawal",
)


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("INSERT INTO policy_state (id, policy_set, version) VALUES (1, 'empty', 0)")
    create_chassis_tables(op, topics=(Topic.CONSENT_EVENTS, Topic.SHARE_DENIALS), role="consent")
    grant(op, "consent", NAMES)
    op.execute("REVOKE UPDATE, DELETE ON withdrawal FROM consent")
    op.execute("GRANT UPDATE (person_id) ON withdrawal TO consent")
