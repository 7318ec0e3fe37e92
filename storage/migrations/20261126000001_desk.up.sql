-- The desk: what the queue lists, filters and searches stands in the task itself, as
-- it was when the review was opened, so that a page reads one index; who may work on
-- what; to whom work was handed.

ALTER TABLE review_tasks
    ADD subject_type   text NOT NULL DEFAULT '',
    ADD name           text NOT NULL DEFAULT '',    -- of the subject, on a first 基本信息 the one filed
    ADD title          text NOT NULL DEFAULT '',    -- of the filing
    ADD region         text NOT NULL DEFAULT '',    -- of the subject; '' while it is not known
    ADD occasion       text NOT NULL DEFAULT 'first' CHECK (occasion IN ('first', 'change', 'corrected', 'reopened')),
    ADD key_change     boolean NOT NULL DEFAULT false,
    ADD sampled        boolean NOT NULL DEFAULT false, -- a second review that chance asked for
    ADD assurance      text NOT NULL DEFAULT '',
    ADD find           text[] NOT NULL DEFAULT '{}', -- characters and pairs of name, title and code
    ADD assigned_to    uuid REFERENCES staff,
    ADD assigned_by    uuid REFERENCES staff,        -- null: the system, to the reviewer who returned it
    ADD assigned_until timestamptz,                  -- null: until somebody takes it away
    ADD decided_by     uuid REFERENCES staff,        -- of a decision that can still be undone
    ADD decided_with   uuid,                         -- its command
    ADD decided_until  timestamptz;                  -- the instant at which it takes effect

UPDATE review_tasks t SET
    subject_type = s.type, name = CASE WHEN t.kind IN ('organization', 'person') THEN v.projection->>'title' ELSE s.name END,
    title = v.projection->>'title', assurance = v.assurance,
    region = coalesce((SELECT pv.projection->'region'->>0 FROM records p JOIN versions pv ON pv.record = p.id
                       WHERE p.subject = t.subject AND p.kind IN ('organization', 'person')
                         AND pv.no = CASE WHEN p.in_force > 0 THEN p.in_force ELSE p.submitted END), ''),
    occasion = CASE WHEN EXISTS (SELECT 1 FROM review_tasks b WHERE b.record = t.record AND b.decision = 'return' AND b.closed_at <= t.opened_at)
                    THEN 'corrected' WHEN r.in_force > 0 AND r.in_force < t.version THEN 'change' ELSE 'first' END
FROM records r, subjects s, versions v
WHERE r.id = t.record AND s.id = t.subject AND v.record = t.record AND v.no = t.version;

CREATE INDEX review_tasks_claimed ON review_tasks (claimed_by) WHERE closed_at IS NULL AND claimed_by IS NOT NULL;
CREATE INDEX review_tasks_assigned ON review_tasks (assigned_to) WHERE closed_at IS NULL AND assigned_to IS NOT NULL;
CREATE INDEX review_tasks_find ON review_tasks USING gin (find) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_decided ON review_tasks (closed_by, closed_at) WHERE closed_at IS NOT NULL;

-- Work that was handed from one to another, with what was said.
CREATE TABLE review_handovers (
    id     uuid PRIMARY KEY,
    task   uuid NOT NULL REFERENCES review_tasks,
    record uuid NOT NULL REFERENCES records,
    at     timestamptz NOT NULL,
    by     uuid REFERENCES staff,        -- null: the system
    taken  uuid REFERENCES staff,        -- from whom, if somebody had it
    given  uuid REFERENCES staff,        -- to whom; null: back to the queue
    note   text NOT NULL DEFAULT ''
);
CREATE INDEX review_handovers_record ON review_handovers (record, at);

ALTER TABLE staff DROP CONSTRAINT staff_role_check;
ALTER TABLE staff
    ADD CONSTRAINT staff_role_check CHECK (role IN ('reviewer', 'confirmer', 'supervisor')),
    ADD regions      text[] NOT NULL DEFAULT '{}', -- leading digits of region codes; none: everywhere
    ADD kinds        text[] NOT NULL DEFAULT '{}', -- none: every kind
    ADD absent_since timestamptz;                  -- gets no work

GRANT SELECT, INSERT ON review_handovers TO unireg_app;
