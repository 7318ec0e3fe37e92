-- A subject as it stood at any instant, and all that is kept of it to be taken along.

-- The name as it was registered: what a subject was called before its first profile
-- counted, which no event holds. '' where an earlier release registered it meanwhile.
ALTER TABLE subjects ADD registered_name text NOT NULL DEFAULT '';
UPDATE subjects s SET registered_name = coalesce((
    SELECT v.projection->>'title'
    FROM records r JOIN version_effects e ON e.record = r.id JOIN versions v ON v.record = e.record AND v.no = e.no
    WHERE r.subject = s.id AND r.kind IN ('organization', 'person') ORDER BY e.since LIMIT 1), s.name);

-- Everything of a subject in one archive, for the account that asked for it. The
-- archive lies sealed in the object store, under a folder of its own.
CREATE TABLE exports (
    id           uuid PRIMARY KEY,
    subject      uuid NOT NULL REFERENCES subjects,
    account      uuid NOT NULL REFERENCES accounts, -- who asked for it, and alone gets it
    folder       text NOT NULL UNIQUE,   -- random; begins the keys of all attempts
    requested_at timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    as_of        timestamptz,            -- the instant of which the archive tells
    object       text NOT NULL DEFAULT '', -- of the attempt that came to its end
    sealed_key   bytea,                  -- its key, under the subject's data key
    sealed_size  bigint NOT NULL DEFAULT 0, -- bytes of the object
    size         bigint NOT NULL DEFAULT 0, -- bytes of the archive
    sha256       text NOT NULL DEFAULT '', -- of the archive
    ready_at     timestamptz,
    failed_at    timestamptz,            -- given up
    expires_at   timestamptz,
    removed_at   timestamptz,            -- its object is gone
    CHECK (ready_at IS NULL OR failed_at IS NULL),
    CHECK ((ready_at IS NULL) = (sealed_key IS NULL))
);
CREATE INDEX exports_subject ON exports (subject, requested_at DESC);
CREATE UNIQUE INDEX exports_building ON exports (subject) WHERE ready_at IS NULL AND failed_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON exports TO unireg_app;
