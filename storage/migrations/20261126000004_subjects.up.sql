-- What staff do with a subject at the counter: a password that is set anew by a link
-- that serves once, and looks at what is masked, with the words that no event holds.

CREATE TABLE password_resets (
    id         uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    account    uuid NOT NULL REFERENCES accounts,
    token      bytea NOT NULL UNIQUE,    -- SHA-256 of what the link carries
    staff      uuid NOT NULL REFERENCES staff,
    reason     text NOT NULL,
    paper      text NOT NULL,            -- that was shown at the counter
    note       text NOT NULL DEFAULT '',
    opened_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz,
    CHECK (used_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX password_resets_subject ON password_resets (subject, opened_at DESC);
CREATE UNIQUE INDEX password_resets_open ON password_resets (account) WHERE used_at IS NULL AND revoked_at IS NULL;

CREATE TABLE reveals (
    id      uuid PRIMARY KEY,
    subject uuid NOT NULL REFERENCES subjects,
    staff   uuid NOT NULL REFERENCES staff,
    at      timestamptz NOT NULL,
    reason  text NOT NULL,
    note    text NOT NULL DEFAULT ''
);

-- A subject's page asks for its own claims.
CREATE INDEX occupancy_claims_subject ON occupancy_claims (subject, opened_at DESC);

GRANT SELECT, INSERT, UPDATE ON password_resets TO unireg_app;
GRANT SELECT, INSERT ON reveals TO unireg_app;
