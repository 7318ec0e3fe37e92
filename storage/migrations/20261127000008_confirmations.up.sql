-- The annual confirmation of 基本信息 (年度确认): what staff set of it, and of which day
-- a subject was told.

ALTER TABLE rule_editions
    DROP CONSTRAINT rule_editions_what_check,
    ADD CONSTRAINT rule_editions_what_check CHECK (what IN ('day', 'notice', 'periods', 'sample', 'confirmation'));

CREATE TABLE rule_confirmations (
    edition bigint PRIMARY KEY REFERENCES rule_editions,
    days    integer NOT NULL CHECK (days BETWEEN 0 AND 1830), -- civil days; 0: none is asked for
    stops   boolean NOT NULL                                  -- who is overdue may not bid
);
CREATE TRIGGER rule_confirmations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_confirmations EXECUTE FUNCTION refuse_change();

-- The day that is due follows from versions, confirmations and rules; noted is the
-- smallest number of days before it of which the subject was told.
CREATE TABLE confirmation_notices (
    record uuid PRIMARY KEY REFERENCES records,
    due    date NOT NULL,
    noted  integer NOT NULL
);

GRANT SELECT, INSERT ON rule_confirmations TO unireg_app;
GRANT SELECT, INSERT, UPDATE ON confirmation_notices TO unireg_app;
