-- Certificates, the handoff to the CA company, keys of the interface.

-- Challenges that a key has to sign: a nonce serves once, for one browser.
CREATE TABLE challenges (
    nonce     bytea PRIMARY KEY,         -- SHA-256 of the nonce
    browser   bytea NOT NULL,            -- SHA-256 that binds it to the browser
    issued_at timestamptz NOT NULL,      -- whole seconds: it stands in the statement
    expires_at timestamptz NOT NULL,
    used_at   timestamptz
);

CREATE TABLE ca_applications (
    id               uuid PRIMARY KEY,
    subject          uuid NOT NULL REFERENCES subjects,
    account          uuid NOT NULL REFERENCES accounts,
    business         text NOT NULL CHECK (business IN ('apply', 'renew', 'reissue', 'change', 'unlock', 'revoke')),
    certificate_kind text NOT NULL CHECK (certificate_kind IN ('organization', 'representative', 'agent', 'person')),
    medium           text NOT NULL CHECK (medium IN ('ukey')),
    years            integer NOT NULL CHECK (years BETWEEN 1 AND 3),
    pickup           text NOT NULL CHECK (pickup IN ('counter', 'mail')),
    certificate      uuid,               -- that a renewal, loss, change, unlocking or revocation is about
    sealed           bytea NOT NULL,     -- the frozen bundle under the subject's data key
    sha256           bytea NOT NULL,
    status           text NOT NULL CHECK (status IN ('pending', 'failed', 'sent', 'in_progress', 'supplement', 'payment',
                                                     'producing', 'issued', 'bound', 'rejected', 'withdrawn')),
    reason           text NOT NULL DEFAULT '',
    order_no         text NOT NULL DEFAULT '',
    acceptance       jsonb,              -- papers and counters, as the CA company answered
    attempts         integer NOT NULL DEFAULT 0,
    failure          text NOT NULL DEFAULT '', -- names why the last attempt failed
    last_sequence    integer NOT NULL DEFAULT 0, -- of the last event that took effect
    revision         integer NOT NULL DEFAULT 1,
    receipt          text NOT NULL,
    accepted_at      timestamptz NOT NULL,
    attempted_at     timestamptz,
    sent_at          timestamptz,
    heard_at         timestamptz,        -- the CA company's last sign of life on it
    escalated_at     timestamptz,        -- staff were told of its silence
    closed_at        timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ca_applications_subject ON ca_applications (subject, accepted_at DESC);
CREATE UNIQUE INDEX ca_applications_open ON ca_applications (subject, certificate_kind, business) WHERE closed_at IS NULL;

CREATE TABLE certificates (
    id            uuid PRIMARY KEY,
    subject       uuid NOT NULL REFERENCES subjects,
    issuer_key    text NOT NULL,         -- SHA-256 of the issuing certificate
    issuer        text NOT NULL,         -- its distinguished name
    serial        text NOT NULL,         -- upper-case hex
    sha256        text NOT NULL,
    sm3           text NOT NULL,
    algorithm     text NOT NULL,
    use           text NOT NULL CHECK (use IN ('signing', 'encryption')),
    kind          text NOT NULL CHECK (kind IN ('organization', 'representative', 'agent', 'person')),
    sealed        bytea NOT NULL,        -- the certificate under the subject's data key: a person's carries the number
    not_before    timestamptz NOT NULL,
    not_after     timestamptz NOT NULL,
    application   uuid REFERENCES ca_applications,
    bound_at      timestamptz NOT NULL,
    bound_by      text NOT NULL CHECK (bound_by IN ('callback', 'first_login')),
    last_login_at timestamptz,
    suspended_at  timestamptz,
    revoked_at    timestamptz,
    revocation    text NOT NULL DEFAULT '', -- reason
    unbound_at    timestamptz,
    UNIQUE (issuer_key, serial)
);
CREATE INDEX certificates_subject ON certificates (subject, bound_at DESC);
CREATE INDEX certificates_live ON certificates (issuer_key, serial) WHERE revoked_at IS NULL AND unbound_at IS NULL;
ALTER TABLE ca_applications ADD FOREIGN KEY (certificate) REFERENCES certificates;

-- The spans in which a certificate was not good: eligibility at a past instant.
CREATE TABLE certificate_spans (
    certificate uuid NOT NULL REFERENCES certificates,
    since       timestamptz NOT NULL,
    until       timestamptz,
    cause       text NOT NULL CHECK (cause IN ('suspended', 'revoked', 'unbound')),
    PRIMARY KEY (certificate, cause, since)
);

-- The inbox: everything that the CA company called back, or that a poll found.
CREATE TABLE ca_callbacks (
    id          text PRIMARY KEY,        -- webhook-id
    application uuid REFERENCES ca_applications,
    sequence    integer,
    type        text NOT NULL,
    sealed      bytea NOT NULL,          -- the body: under the subject's data key, or a master key when it names no application
    sha256      bytea NOT NULL,          -- of the body, keyed
    source      text NOT NULL CHECK (source IN ('callback', 'poll')),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at     timestamptz,
    outcome     text NOT NULL DEFAULT '' -- applied, duplicate, illegal, late …
);
CREATE INDEX ca_callbacks_open ON ca_callbacks (received_at) WHERE done_at IS NULL;
CREATE INDEX ca_callbacks_application ON ca_callbacks (application, sequence);

-- The newest list of revoked certificates of each issuer.
CREATE TABLE revocation_lists (
    issuer_key  text PRIMARY KEY,
    number      text NOT NULL DEFAULT '',
    list        bytea NOT NULL,
    this_update timestamptz NOT NULL,
    next_update timestamptz NOT NULL,
    fetched_at  timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    hash       bytea NOT NULL UNIQUE,    -- SHA-256 of the key
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at    timestamptz
);

-- 占用申诉: somebody says that a stranger registered their code.
CREATE TABLE occupancy_claims (
    id         uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    number     text NOT NULL UNIQUE,     -- by which the claimant asks after it
    sealed     bytea NOT NULL,           -- who claims, how to reach them, what they say: under the subject's data key
    opened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at timestamptz,
    decided_by uuid REFERENCES staff,
    decision   text NOT NULL DEFAULT '' CHECK (decision IN ('', 'granted', 'refused')),
    answer     text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX occupancy_claims_open ON occupancy_claims (subject) WHERE decided_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON challenges, ca_applications, certificates, certificate_spans, ca_callbacks, revocation_lists,
    api_keys, occupancy_claims TO unireg_app;
REVOKE DELETE ON ca_applications, certificates, certificate_spans, ca_callbacks FROM unireg_app;

-- A serial number alone names no certificate: its fingerprint does.
ALTER TABLE sessions RENAME COLUMN serial TO certificate;
ALTER TABLE commands RENAME COLUMN serial TO certificate;
ALTER TABLE versions RENAME COLUMN serial TO certificate;
CREATE INDEX certificates_fingerprint ON certificates (sha256);
CREATE INDEX sessions_certificate ON sessions (certificate) WHERE ended_at IS NULL AND certificate <> '';
