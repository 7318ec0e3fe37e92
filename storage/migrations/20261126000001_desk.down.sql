UPDATE staff SET role = 'reviewer' WHERE role = 'confirmer';
ALTER TABLE staff DROP CONSTRAINT staff_role_check;
ALTER TABLE staff
    DROP absent_since, DROP kinds, DROP regions,
    ADD CONSTRAINT staff_role_check CHECK (role IN ('reviewer', 'supervisor'));
DROP TABLE review_handovers;
DROP INDEX review_tasks_decided, review_tasks_find, review_tasks_assigned, review_tasks_claimed;
ALTER TABLE review_tasks
    DROP decided_until, DROP decided_with, DROP decided_by, DROP assigned_until, DROP assigned_by, DROP assigned_to,
    DROP find, DROP assurance, DROP sampled, DROP key_change, DROP occasion, DROP region, DROP title, DROP name, DROP subject_type;
