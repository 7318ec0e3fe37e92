-- The kinds of which a subject files many: what must be distinct among records
-- in force, and what lists show.

ALTER TABLE records ADD distinct_index bytea; -- keyed blind index of what two records in force must not share
CREATE UNIQUE INDEX records_distinct_own ON records (subject, kind, distinct_index)
    WHERE standing = 'in_force' AND kind = 'qualification';
CREATE UNIQUE INDEX records_distinct_everywhere ON records (kind, distinct_index)
    WHERE standing = 'in_force' AND kind = 'practitioner';

-- One row for each record and each draft of a new one. It follows from them and
-- holds nothing sensitive: contents that lists show, and texts that they search.
CREATE TABLE listings (
    record     uuid PRIMARY KEY,
    subject    uuid NOT NULL REFERENCES subjects,
    kind       text NOT NULL,
    title      text NOT NULL,
    cells      text[] NOT NULL,
    note       text NOT NULL DEFAULT '',
    find       text NOT NULL,            -- lower case, with pinyin initials
    people     bytea[] NOT NULL,         -- blind indexes of the identity numbers inside
    sort_on    text NOT NULL DEFAULT '', -- a civil date as yyyy-mm-dd
    expires_on text NOT NULL DEFAULT '', -- last day on which it counts
    updated_at timestamptz NOT NULL
);
CREATE INDEX listings_recent ON listings (subject, kind, updated_at, record);
CREATE INDEX listings_title ON listings (subject, kind, title, record);
CREATE INDEX listings_date ON listings (subject, kind, sort_on, record);

-- What subjects took back, for staff, newest first.
CREATE INDEX events_withdrawals ON events (at DESC, chain, no) WHERE type IN ('void', 'restore', 'release');

GRANT SELECT, INSERT, UPDATE, DELETE ON listings TO unireg_app;
