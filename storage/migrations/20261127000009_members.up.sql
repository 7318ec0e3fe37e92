-- Several users of an organization. Whoever had an account acts for the subject
-- alone until now: an administrator, who logs in by the subject's name.
ALTER TABLE accounts
    ADD role         text NOT NULL DEFAULT 'administrator' CHECK (role IN ('administrator', 'handler', 'reader')),
    ADD login_index  bytea,              -- keyed blind index of subject and login name; none for who logs in by the subject's name alone
    ADD sealed       bytea,              -- name and login name of the member under the subject's data key
    ADD logged_in_at timestamptz,
    ADD revoked_at   timestamptz,        -- for good; the account stays to be named
    ADD CHECK (revoked_at IS NULL OR disabled_at IS NOT NULL);
CREATE UNIQUE INDEX accounts_login ON accounts (login_index) WHERE revoked_at IS NULL;

UPDATE accounts a SET logged_in_at = s.at
FROM (SELECT account, max(created_at) AS at FROM sessions WHERE account IS NOT NULL GROUP BY account) s WHERE s.account = a.id;

-- Invitations: whoever has the link becomes a member, once.
CREATE TABLE member_invitations (
    id         uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    inviter    uuid NOT NULL REFERENCES accounts,
    role       text NOT NULL CHECK (role IN ('administrator', 'handler', 'reader')),
    sealed     bytea NOT NULL,           -- name and address of who is invited, under the subject's data key
    token      bytea NOT NULL UNIQUE,    -- SHA-256 of what the link carries
    opened_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz,
    account    uuid REFERENCES accounts, -- that began with it
    CHECK ((used_at IS NULL) = (account IS NULL)),
    CHECK (used_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX member_invitations_open ON member_invitations (subject, opened_at) WHERE used_at IS NULL AND revoked_at IS NULL;
CREATE INDEX member_invitations_inviter ON member_invitations (inviter) WHERE used_at IS NULL AND revoked_at IS NULL;

-- Requests to join. Of a code that nobody registered there is a row too, without a
-- subject and without what was written: a request for it looks like any other.
CREATE TABLE member_requests (
    id         uuid PRIMARY KEY,
    subject    uuid REFERENCES subjects,
    sealed     bytea,                    -- name, contact and reason under the subject's data key
    token      bytea NOT NULL UNIQUE,    -- SHA-256 of what the requester keeps
    asked_at   timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,     -- of the request; once it is granted, of the grant
    decided_at timestamptz,
    decided_by uuid REFERENCES accounts, -- none where a takeover ended it
    decision   text NOT NULL DEFAULT '' CHECK (decision IN ('', 'granted', 'refused')),
    role       text NOT NULL DEFAULT '' CHECK (role IN ('', 'administrator', 'handler', 'reader')),
    account    uuid REFERENCES accounts, -- that began with it
    CHECK ((subject IS NULL) = (sealed IS NULL)),
    CHECK ((decided_at IS NULL) = (decision = '')),
    CHECK ((decision = 'granted') = (role <> '')),
    CHECK (account IS NULL OR decision = 'granted')
);
CREATE INDEX member_requests_open ON member_requests (subject, asked_at) WHERE account IS NULL AND decision <> 'refused';
CREATE INDEX member_requests_over ON member_requests (expires_at);

-- The link of an invitation may go by mail.
ALTER TABLE letters DROP CONSTRAINT letters_purpose_check;
ALTER TABLE letters ADD CONSTRAINT letters_purpose_check CHECK (purpose IN ('message', 'code', 'changed', 'reset', 'invitation'));

GRANT SELECT, INSERT, UPDATE, DELETE ON member_invitations, member_requests TO unireg_app;
