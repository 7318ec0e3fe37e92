-- The queue by each of its filters: a narrow one reads its own index in the order
-- of the queue, a wide one the queue itself.

-- The queue as a whole is read by those queries only that say version > 0, as every
-- task has it: the planner would walk it for a filter, too, and meet what the filter
-- wants far behind.
DROP INDEX review_tasks_queue;
CREATE INDEX review_tasks_queue ON review_tasks (due_at, id) WHERE closed_at IS NULL AND version > 0;
CREATE INDEX review_tasks_kind ON review_tasks (kind, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_occasion ON review_tasks (occasion, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_kind_occasion ON review_tasks (kind, occasion, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_assurance ON review_tasks (assurance, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_second ON review_tasks (due_at, id) WHERE closed_at IS NULL AND stage = 'second';
CREATE INDEX review_tasks_key ON review_tasks (due_at, id) WHERE closed_at IS NULL AND key_change;
CREATE INDEX review_tasks_region ON review_tasks (region text_pattern_ops, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX review_tasks_subject ON review_tasks (subject) WHERE closed_at IS NULL;

-- A staff member's own ways to look at the queue.
CREATE TABLE saved_filters (
    id         uuid PRIMARY KEY,
    staff      uuid NOT NULL REFERENCES staff,
    name       text NOT NULL,
    query      text NOT NULL, -- of the queue's address
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (staff, name)
);

-- What was done to many reviews at once, and what became of each.
CREATE TABLE review_batches (
    id     uuid PRIMARY KEY,
    staff  uuid NOT NULL REFERENCES staff,
    action text NOT NULL CHECK (action IN ('claim', 'release', 'assign', 'approve')),
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE review_batch_lines (
    batch   uuid NOT NULL REFERENCES review_batches,
    task    uuid NOT NULL REFERENCES review_tasks,
    no      integer NOT NULL,
    command uuid,                    -- of an approval that was accepted
    problem text NOT NULL DEFAULT '', -- why nothing was done
    PRIMARY KEY (batch, task)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON saved_filters TO unireg_app;
GRANT SELECT, INSERT ON review_batches, review_batch_lines TO unireg_app;
