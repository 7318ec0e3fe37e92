DROP TABLE confirmation_notices, rule_confirmations;

-- The release before has no name for these editions: they stay as changes of periods
-- that changed none.
ALTER TABLE rule_editions DISABLE TRIGGER rule_editions_append_only;
UPDATE rule_editions SET what = 'periods' WHERE what = 'confirmation';
ALTER TABLE rule_editions ENABLE TRIGGER rule_editions_append_only;
ALTER TABLE rule_editions
    DROP CONSTRAINT rule_editions_what_check,
    ADD CONSTRAINT rule_editions_what_check CHECK (what IN ('day', 'notice', 'periods', 'sample'));
