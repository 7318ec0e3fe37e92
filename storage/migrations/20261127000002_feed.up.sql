-- The feed: what takes effect for organizations, for the systems that rely on it;
-- and the subscribers that are called on it.

-- What an event means to others; NULL where it changes nothing for them. A version
-- takes effect by the move after which nothing is under way.
CREATE FUNCTION change_of(type text, data jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN type IN ('submit', 'approve', 'confirm') THEN
            CASE WHEN data->>'standing' = 'in_force' AND data->>'filing' = 'none' THEN 'effective' END
        WHEN type = 'void' THEN 'voided'
        WHEN type = 'restore' THEN 'restored'
        WHEN type = 'release' THEN 'released'
        WHEN type IN ('closed', 'certificate_bound', 'certificate_revoked', 'certificate_suspended', 'certificate_resumed') THEN type
    END
$$;

-- The events that are changes, one row each. Certificates that only encrypt change
-- nothing, and of natural persons nothing is told.
CREATE VIEW change_events AS
    SELECT e.chain AS subject, e.no AS event, s.code, change_of(e.type, e.data) AS type, coalesce(r.kind, '') AS kind, r.id AS record,
           CASE WHEN r.id IS NULL THEN 0 ELSE coalesce((e.data->>'version')::integer, 0) END AS version, e.at
    FROM events e
    JOIN subjects s ON s.id = e.chain AND s.type = 'organization'
    LEFT JOIN records r ON r.id = e.record
    WHERE change_of(e.type, e.data) IS NOT NULL
      AND (e.data->>'certificate' IS NULL
           OR EXISTS (SELECT 1 FROM certificates c WHERE c.id = (e.data->>'certificate')::uuid AND c.use = 'signing'));

-- The feed itself. A change is written with its event and gets its number after the
-- commit, one transaction at a time: numbers become visible in their order, so that
-- whoever has read up to one has missed nothing before it.
CREATE TABLE changes (
    subject uuid NOT NULL,
    event   bigint NOT NULL,
    id      uuid NOT NULL DEFAULT gen_random_uuid(),
    no      bigint UNIQUE,               -- place in the feed, without gaps
    code    text NOT NULL,
    type    text NOT NULL CHECK (type IN ('effective', 'voided', 'restored', 'released', 'closed', 'certificate_bound',
                                          'certificate_revoked', 'certificate_suspended', 'certificate_resumed')),
    kind    text NOT NULL,               -- of the record; '' where it is about none
    record  uuid,
    version integer NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (subject, event)
);
CREATE INDEX changes_unnumbered ON changes (subject, event) WHERE no IS NULL;

INSERT INTO changes (subject, event, code, type, kind, record, version, at)
    SELECT subject, event, code, type, kind, record, version, at FROM change_events;
UPDATE changes SET no = placed.place
    FROM (SELECT subject, event, row_number() OVER (ORDER BY reached, subject, event) AS place
          FROM (SELECT subject, event, max(at) OVER (PARTITION BY subject ORDER BY event) AS reached FROM changes) ordered) placed
    WHERE changes.subject = placed.subject AND changes.event = placed.event;

-- By a trigger, so that a portal or worker of the release before, too, leaves no
-- change out.
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO changes (subject, event, code, type, kind, record, version, at)
        SELECT subject, event, code, type, kind, record, version, at FROM change_events WHERE subject = NEW.chain AND event = NEW.no;
    RETURN NULL;
END $$;
CREATE TRIGGER events_note_change AFTER INSERT ON events FOR EACH ROW
    WHEN (change_of(NEW.type, NEW.data) IS NOT NULL) EXECUTE FUNCTION note_change();

-- Who is called on changes.
CREATE TABLE subscribers (
    id             uuid PRIMARY KEY,
    name           text NOT NULL,
    url            text NOT NULL,
    types          text[] NOT NULL,      -- of changes that it wants
    secret         bytea NOT NULL,       -- that signs, under a master key
    former         bytea,                -- that signs beside it while it is exchanged
    former_until   timestamptz,
    reached        bigint NOT NULL,      -- number of the last change that it was told, or does not want
    state          text NOT NULL CHECK (state IN ('active', 'paused', 'suspended')), -- suspended: by the system
    cause          text NOT NULL DEFAULT '', -- why it was suspended
    failures       integer NOT NULL DEFAULT 0, -- in a row
    failing_since  timestamptz,
    next_at        timestamptz NOT NULL DEFAULT clock_timestamp(), -- not tried before
    held_by        uuid,                 -- lease of the worker that calls it
    held_until     timestamptz,
    delivered_at   timestamptz,          -- last success
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at     timestamptz,
    CHECK ((former IS NULL) = (former_until IS NULL))
);
CREATE UNIQUE INDEX subscribers_url ON subscribers (url) WHERE removed_at IS NULL;

-- What became of each message. One without a change is a test.
CREATE TABLE deliveries (
    id           uuid PRIMARY KEY,
    subscriber   uuid NOT NULL REFERENCES subscribers,
    change       bigint REFERENCES changes (no),
    attempts     integer NOT NULL DEFAULT 0,
    status       integer NOT NULL DEFAULT 0, -- last answer of HTTP; 0: none came
    failure      text NOT NULL DEFAULT '',   -- names why the last attempt failed
    first_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at      timestamptz,
    delivered_at timestamptz,
    asked_at     timestamptz,                -- staff want it sent; NULL once it was tried
    UNIQUE (subscriber, change)
);
CREATE INDEX deliveries_recent ON deliveries (subscriber, first_at DESC, id DESC);
CREATE INDEX deliveries_asked ON deliveries (subscriber, asked_at) WHERE asked_at IS NOT NULL;

GRANT SELECT ON change_events TO unireg_app;
GRANT SELECT, INSERT ON changes TO unireg_app;
GRANT UPDATE (no) ON changes TO unireg_app;
GRANT SELECT, INSERT, UPDATE ON subscribers TO unireg_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries TO unireg_app;
