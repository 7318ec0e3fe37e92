-- Messages leave the portal, too: where an account wants them, what is on its way
-- there, and passwords that are forgotten and set anew by a link in a mail.

CREATE TABLE contacts (
    account         uuid NOT NULL REFERENCES accounts,
    channel         text NOT NULL CHECK (channel IN ('email', 'sms')),
    subject         uuid NOT NULL REFERENCES subjects,
    sealed          bytea,               -- the address that proved itself, under the subject's data key
    verified_at     timestamptz,
    failed_at       timestamptz,         -- somebody's server refused it for good
    language        text NOT NULL,       -- in which its messages are written
    groups          text[] NOT NULL,     -- of messages that are wanted beside the important ones
    next_sealed     bytea,               -- the address that has yet to prove itself
    next_failed_at  timestamptz,
    code            bytea,               -- keyed hash of the code that was sent there
    code_expires_at timestamptz,
    code_tries      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account, channel),
    CHECK ((sealed IS NULL) = (verified_at IS NULL)),
    CHECK ((next_sealed IS NULL) = (code IS NULL))
);
CREATE INDEX contacts_subject ON contacts (subject) WHERE verified_at IS NOT NULL;

-- The outbox: what is written in the transaction of its cause, and sent by workers.
-- Letters with messages to one address are bundled: those of a bundle go as one.
CREATE TABLE letters (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account      uuid NOT NULL REFERENCES accounts,
    channel      text NOT NULL CHECK (channel IN ('email', 'sms')),
    purpose      text NOT NULL CHECK (purpose IN ('message', 'code', 'changed', 'reset')),
    notification uuid REFERENCES notifications,
    sealed       bytea,                  -- address and secret of what is no message; gone once it is over
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,   -- until when it is tried
    due_at       timestamptz NOT NULL DEFAULT clock_timestamp(), -- held by a worker, or rests, until then
    tries        integer NOT NULL DEFAULT 0,
    bundle       uuid,                   -- with which it goes: the id of its first letter
    outcome      text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'sent', 'refused', 'expired', 'dropped')),
    done_at      timestamptz,
    UNIQUE (notification, account, channel),
    CHECK ((notification IS NULL) = (purpose <> 'message')),
    CHECK ((outcome = '') = (done_at IS NULL))
);
CREATE INDEX letters_open ON letters ((purpose = 'message'), due_at) WHERE outcome = '';
CREATE INDEX letters_account ON letters (account, channel, done_at);

-- Who asked for a link by mail, as typed: whether there is such an account is found
-- out by a worker, so that no answer to the browser can tell.
CREATE TABLE reset_requests (
    id         uuid PRIMARY KEY,
    master     text NOT NULL,            -- the master key that seals what was typed
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A link by mail is opened by nobody of the staff, and takes none back that they opened.
ALTER TABLE password_resets ALTER staff DROP NOT NULL;
DROP INDEX password_resets_open;
CREATE UNIQUE INDEX password_resets_open ON password_resets (account, (staff IS NULL)) WHERE used_at IS NULL AND revoked_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON contacts, letters, reset_requests TO unireg_app;
