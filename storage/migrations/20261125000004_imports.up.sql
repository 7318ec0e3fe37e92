-- Drafts that are imported from a sheet, many at a time: what was read of it, and
-- what has become of each row.

CREATE TABLE imports (
    id           uuid PRIMARY KEY,
    subject      uuid NOT NULL REFERENCES subjects,
    account      uuid NOT NULL REFERENCES accounts, -- who uploaded it
    kind         text NOT NULL,
    file         text NOT NULL,        -- name of the person's file
    created_at   timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,          -- from here on rows become drafts
    ended_at     timestamptz,          -- no row is left that could
    hidden_at    timestamptz           -- a stranger's, after the subject was taken over
);
CREATE INDEX imports_subject ON imports (subject, kind, created_at DESC);
CREATE INDEX imports_open ON imports (confirmed_at) WHERE confirmed_at IS NOT NULL AND ended_at IS NULL;

CREATE TABLE import_rows (
    import uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    line   integer NOT NULL,           -- in the person's sheet
    record uuid NOT NULL UNIQUE,       -- the future record's id
    state  text NOT NULL CHECK (state IN ('good', 'faulty', 'made')),
    sealed bytea NOT NULL,             -- cells, problems and document; empty once the draft holds them
    PRIMARY KEY (import, line)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON imports, import_rows TO unireg_app;
