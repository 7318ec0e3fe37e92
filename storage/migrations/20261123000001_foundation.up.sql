-- The tables of the first stage. The application role reads and writes rows; it
-- cannot change or delete events and versions, and owns nothing.

CREATE TABLE subjects (
    id          uuid PRIMARY KEY,
    type        text NOT NULL CHECK (type IN ('organization', 'person')),
    code        text,                    -- organizations only: it is public
    code_index  bytea NOT NULL,          -- keyed blind index of type and code
    code_sealed bytea NOT NULL,          -- the code under the subject's data key
    id_type     text NOT NULL DEFAULT '',
    name        text NOT NULL,           -- in force
    proven_at   timestamptz,
    closed_at   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX subjects_code ON subjects (code_index) WHERE closed_at IS NULL;
CREATE INDEX subjects_name ON subjects (name) WHERE closed_at IS NULL;
CREATE INDEX subjects_name_trgm ON subjects USING gin (name gin_trgm_ops);

-- A subject's data key, wrapped by a master key. Destroying the row is what
-- retention does: the sealed contents become unreadable for ever.
CREATE TABLE subject_keys (
    subject    uuid PRIMARY KEY REFERENCES subjects,
    master     text NOT NULL,
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id                  uuid PRIMARY KEY,
    subject             uuid NOT NULL REFERENCES subjects,
    password            text NOT NULL,   -- argon2id in PHC format
    created_at          timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    disabled_at         timestamptz
);
CREATE INDEX accounts_subject ON accounts (subject);

CREATE TABLE staff (
    id               uuid PRIMARY KEY,
    login            text NOT NULL UNIQUE,
    name             text NOT NULL,
    role             text NOT NULL CHECK (role IN ('reviewer', 'supervisor')),
    identity_index   bytea NOT NULL,     -- keyed blind index of the identity number
    password         text NOT NULL,
    totp_sealed      bytea NOT NULL,     -- under a master key
    totp_enrolled_at timestamptz,
    totp_step        bigint NOT NULL DEFAULT 0, -- last step used: a code serves once
    created_at       timestamptz NOT NULL DEFAULT now(),
    disabled_at      timestamptz
);

CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    token         bytea NOT NULL UNIQUE, -- SHA-256 of the cookie's value
    account       uuid REFERENCES accounts,
    staff         uuid REFERENCES staff,
    assurance     text NOT NULL CHECK (assurance IN ('password', 'certificate')),
    serial        text NOT NULL DEFAULT '',
    second_factor boolean NOT NULL DEFAULT false,
    address       text NOT NULL,
    agent         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    seen_at       timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,  -- absolute
    ended_at      timestamptz,
    CHECK ((account IS NULL) <> (staff IS NULL))
);
CREATE INDEX sessions_account ON sessions (account) WHERE ended_at IS NULL;
CREATE INDEX sessions_staff ON sessions (staff) WHERE ended_at IS NULL;

-- Counters of attempts in fixed windows.
CREATE TABLE throttles (
    key     text NOT NULL,
    started timestamptz NOT NULL,
    hits    integer NOT NULL,
    PRIMARY KEY (key, started)
);

-- One-time tokens that were used: proofs of work.
CREATE TABLE used_tokens (
    token      bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE TABLE records (
    id         uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    kind       text NOT NULL,
    standing   text NOT NULL CHECK (standing IN ('none', 'in_force', 'voided')),
    filing     text NOT NULL CHECK (filing IN ('none', 'under_review', 'second_review', 'returned')),
    revision   integer NOT NULL,
    in_force   integer NOT NULL DEFAULT 0,
    submitted  integer NOT NULL DEFAULT 0,
    title      text NOT NULL,
    filed_at   timestamptz,              -- start of the filing's present stage
    remind_at  timestamptz,
    due_at     timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (standing <> 'voided' OR filing = 'none'),
    CHECK ((standing = 'none') = (in_force = 0)),
    CHECK ((filing = 'none') = (submitted = 0))
);
CREATE INDEX records_subject ON records (subject, kind, updated_at DESC);
CREATE UNIQUE INDEX records_one_profile ON records (subject) WHERE kind IN ('organization', 'person');
CREATE INDEX records_under_way ON records (filing, due_at) WHERE filing <> 'none';

CREATE TABLE versions (
    record      uuid NOT NULL REFERENCES records,
    no          integer NOT NULL,
    subject     uuid NOT NULL REFERENCES subjects,
    kind        text NOT NULL,
    schema      integer NOT NULL,
    sealed      bytea NOT NULL,          -- the canonical bytes under the subject's data key
    sha256      bytea NOT NULL,          -- of the canonical bytes
    signature   bytea,
    assurance   text NOT NULL,
    serial      text NOT NULL DEFAULT '',
    account     uuid NOT NULL,
    command     uuid NOT NULL UNIQUE,
    reason      text NOT NULL DEFAULT '',
    accepted_at timestamptz NOT NULL,
    projection  jsonb NOT NULL,          -- what lists, search and uniqueness need
    people      bytea[] NOT NULL,        -- blind indexes of the identity numbers inside
    PRIMARY KEY (record, no)
);

-- When a version began to count. One row each time: a version may count again.
CREATE TABLE version_effects (
    record uuid NOT NULL,
    no     integer NOT NULL,
    since  timestamptz NOT NULL,
    PRIMARY KEY (record, no, since),
    FOREIGN KEY (record, no) REFERENCES versions
);

CREATE TABLE drafts (
    record     uuid PRIMARY KEY,         -- the future record's id before the first submit
    subject    uuid NOT NULL REFERENCES subjects,
    kind       text NOT NULL,
    account    uuid NOT NULL REFERENCES accounts, -- who opened it
    version    integer NOT NULL,         -- of the draft, for optimistic locking
    base       integer NOT NULL DEFAULT 0, -- the version that it changes
    sealed     bytea NOT NULL,
    reason     text NOT NULL DEFAULT '',
    locked_by  uuid,                     -- the open command that freezes it
    hidden_at  timestamptz,              -- a stranger's draft, after the subject was taken over
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX drafts_subject ON drafts (subject, kind);
CREATE UNIQUE INDEX drafts_one_profile ON drafts (subject) WHERE kind IN ('organization', 'person') AND hidden_at IS NULL;

CREATE TABLE commands (
    id          uuid PRIMARY KEY,
    record      uuid NOT NULL,           -- of a registration: the subject's id
    subject     uuid NOT NULL REFERENCES subjects,
    kind        text NOT NULL,
    seq         bigint NOT NULL,
    move        text NOT NULL,
    role        text NOT NULL,
    actor       uuid,
    session     uuid,
    assurance   text NOT NULL DEFAULT '',
    serial      text NOT NULL DEFAULT '',
    expected    integer NOT NULL DEFAULT 0,
    sealed      bytea,                   -- frozen canonical document
    sha256      bytea,
    files       uuid[] NOT NULL DEFAULT '{}',
    reason      text NOT NULL DEFAULT '',
    remarks     jsonb NOT NULL DEFAULT '[]',
    signature   bytea,
    receipt     text NOT NULL UNIQUE,
    accepted_at timestamptz NOT NULL,
    not_before  timestamptz,
    cancelled_at timestamptz,
    done_at     timestamptz,
    applied     boolean,
    refusal     text NOT NULL DEFAULT '',
    standing    text NOT NULL DEFAULT '',
    filing      text NOT NULL DEFAULT '',
    UNIQUE (record, seq),
    CHECK ((done_at IS NULL) = (applied IS NULL))
);
CREATE INDEX commands_open ON commands (accepted_at) WHERE done_at IS NULL;
CREATE INDEX commands_open_record ON commands (record, seq) WHERE done_at IS NULL;
CREATE INDEX commands_subject ON commands (subject, accepted_at DESC);

CREATE TABLE review_tasks (
    id         uuid PRIMARY KEY,
    record     uuid NOT NULL REFERENCES records,
    subject    uuid NOT NULL REFERENCES subjects,
    kind       text NOT NULL,
    version    integer NOT NULL,
    stage      text NOT NULL CHECK (stage IN ('first', 'second')),
    opened_at  timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    reminded_at  timestamptz,             -- staff were reminded at half the period
    escalated_at timestamptz,             -- the period is over
    claimed_by uuid REFERENCES staff,
    claimed_until timestamptz,
    closed_at  timestamptz,
    closed_by  uuid REFERENCES staff,
    decision   text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX review_tasks_open ON review_tasks (record) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_queue ON review_tasks (due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_record ON review_tasks (record, opened_at);

CREATE TABLE files (
    id          uuid PRIMARY KEY,
    subject     uuid NOT NULL REFERENCES subjects,
    account     uuid NOT NULL REFERENCES accounts,
    record      uuid NOT NULL,           -- of the draft it was uploaded for
    field       text NOT NULL,
    name        text NOT NULL,
    type        text NOT NULL DEFAULT '',
    size        bigint NOT NULL DEFAULT 0,
    sha256      text NOT NULL DEFAULT '',
    object      text NOT NULL UNIQUE,    -- random key in the bucket
    state       text NOT NULL CHECK (state IN ('uploading', 'scanning', 'available', 'refused', 'deleted')),
    scanned     boolean NOT NULL DEFAULT false,
    in_use      boolean NOT NULL DEFAULT false, -- frozen into a command or version: never deleted
    created_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz
);
CREATE INDEX files_subject ON files (subject, created_at);
CREATE INDEX files_orphans ON files (created_at) WHERE NOT in_use AND state <> 'deleted';

CREATE TABLE notifications (
    id         uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    topic      text NOT NULL,            -- names the text
    record     uuid,
    command    uuid,
    data       jsonb NOT NULL DEFAULT '{}',
    dedup      text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at    timestamptz
);
CREATE INDEX notifications_subject ON notifications (subject, created_at DESC);

-- Heads of the hash chains: one for each subject, and the nil UUID for what has
-- no subject. Locking the head orders everything that happens to a subject.
CREATE TABLE chains (
    id   uuid PRIMARY KEY,
    no   bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO chains VALUES ('00000000-0000-0000-0000-000000000000', 0, '\x');

CREATE TABLE events (
    chain  uuid NOT NULL REFERENCES chains,
    no     bigint NOT NULL,
    at     timestamptz NOT NULL,
    type   text NOT NULL,
    record uuid,
    command uuid,
    role   text NOT NULL,
    actor  uuid,
    data   jsonb NOT NULL,
    hash   bytea NOT NULL,
    PRIMARY KEY (chain, no)
);
CREATE INDEX events_record ON events (record, no);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events EXECUTE FUNCTION refuse_change();
CREATE TRIGGER versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON versions EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO unireg_app;
REVOKE UPDATE, DELETE ON events, versions, version_effects FROM unireg_app;
REVOKE INSERT, UPDATE, DELETE ON bun_migrations FROM unireg_app;
