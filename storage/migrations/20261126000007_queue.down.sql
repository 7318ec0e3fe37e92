DROP TABLE review_batch_lines;
DROP TABLE review_batches;
DROP TABLE saved_filters;
DROP INDEX review_tasks_subject, review_tasks_region, review_tasks_key, review_tasks_second, review_tasks_assurance, review_tasks_kind_occasion, review_tasks_occasion, review_tasks_kind, review_tasks_queue;
CREATE INDEX review_tasks_queue ON review_tasks (due_at, id) WHERE closed_at IS NULL;
