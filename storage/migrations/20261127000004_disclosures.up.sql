-- What everybody may read without logging in: of each record that counts or was
-- voided one line, with what of its version in force is disclosed and nothing else,
-- in the clear. Public pages read these two tables only. The worker writes the lines
-- of what was there before: contents are sealed, and this statement has no keys.

CREATE TABLE disclosures (
    record     uuid PRIMARY KEY REFERENCES records,
    subject    uuid NOT NULL REFERENCES subjects,
    kind       text NOT NULL,
    standing   text NOT NULL CHECK (standing IN ('in_force', 'voided')),
    version    integer NOT NULL,
    edition    integer NOT NULL,         -- of what is disclosed, when the line was written
    since      timestamptz NOT NULL,     -- when the version began to count
    changed_at timestamptz NOT NULL,     -- of the last public change
    title      text NOT NULL,
    cells      text[] NOT NULL,
    content    jsonb NOT NULL,           -- the disclosed fields, as the form encodes them
    words      text NOT NULL,            -- what a search compares, lower case, with pinyin initials
    find       text[] NOT NULL,          -- characters and pairs of the words
    tags       text[] NOT NULL,          -- classes, majors and grades; of a practitioner what they hold
    expires_on text NOT NULL DEFAULT '', -- last day on which it counts
    -- Of the unit, the same on all of its lines; '' while its 基本信息 was never in
    -- force: then nothing of it is public.
    code       text NOT NULL DEFAULT '',
    name       text NOT NULL DEFAULT '',
    region     text NOT NULL DEFAULT '',
    roles      text[] NOT NULL DEFAULT '{}',
    unit_words text NOT NULL DEFAULT '',
    unit_find  text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX disclosures_recent ON disclosures (kind, changed_at DESC, record DESC) WHERE code <> '';
CREATE INDEX disclosures_voided ON disclosures (kind, changed_at DESC, record DESC) WHERE code <> '' AND standing = 'voided';
CREATE INDEX disclosures_region ON disclosures (kind, region text_pattern_ops, changed_at DESC, record DESC) WHERE code <> '';
CREATE INDEX disclosures_code ON disclosures (code, kind, changed_at DESC, record DESC) WHERE code <> '';
CREATE INDEX disclosures_subject ON disclosures (subject);
CREATE INDEX disclosures_find ON disclosures USING gin (find) WHERE code <> '';
CREATE INDEX disclosures_unit_find ON disclosures USING gin (unit_find) WHERE code <> '';
CREATE INDEX disclosures_tags ON disclosures USING gin (tags) WHERE code <> '' AND kind = 'qualification';

-- What took effect, changed, was voided and restored; which fields, by their labels.
CREATE TABLE disclosure_changes (
    record   uuid NOT NULL REFERENCES records,
    revision integer NOT NULL,           -- of the record after it
    subject  uuid NOT NULL REFERENCES subjects,
    kind     text NOT NULL,
    at       timestamptz NOT NULL,
    what     text NOT NULL CHECK (what IN ('first', 'change', 'void', 'restore')),
    fields   text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (record, revision)
);
CREATE INDEX disclosure_changes_recent ON disclosure_changes (at DESC, record DESC, revision DESC);
CREATE INDEX disclosure_changes_subject ON disclosure_changes (subject, at DESC);

GRANT SELECT, INSERT, UPDATE, DELETE ON disclosures TO unireg_app;
GRANT SELECT, INSERT ON disclosure_changes TO unireg_app;
