-- Rules that staff set over the configuration: periods of a kind, the share of
-- second reviews, holidays and exchanged working days. Nothing is ever changed or
-- deleted: of a day, a kind or the share the row of the latest edition counts.

CREATE TABLE rule_editions (
    no   bigint PRIMARY KEY,             -- 1, 2, 3 …: by it processes notice a change
    at   timestamptz NOT NULL,
    by   uuid REFERENCES staff,          -- null: the command line
    what text NOT NULL CHECK (what IN ('day', 'notice', 'periods', 'sample')),
    note text NOT NULL DEFAULT ''
);

CREATE TABLE rule_days (
    day     date NOT NULL,
    edition bigint NOT NULL REFERENCES rule_editions,
    works   boolean NOT NULL,
    name    text NOT NULL,               -- '' where the day is as the week has it
    source  text NOT NULL,
    staff   boolean NOT NULL,            -- set as a single day, and not by a notice
    PRIMARY KEY (day, edition)
);

-- The years whose notice an edition took over.
CREATE TABLE rule_years (
    year    integer NOT NULL,
    edition bigint NOT NULL REFERENCES rule_editions,
    PRIMARY KEY (year, edition)
);

CREATE TABLE rule_periods (
    kind       text NOT NULL,
    edition    bigint NOT NULL REFERENCES rule_editions,
    review     integer NOT NULL CHECK (review BETWEEN 0 AND 60), -- working days; 0: as configured
    second     integer NOT NULL CHECK (second BETWEEN 0 AND 60),
    correction integer NOT NULL CHECK (correction BETWEEN 0 AND 60),
    PRIMARY KEY (kind, edition)
);

CREATE TABLE rule_samples (
    edition bigint PRIMARY KEY REFERENCES rule_editions,
    percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100)
);

CREATE TRIGGER rule_editions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_editions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_days_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_days EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_years_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_years EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_periods_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_periods EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rule_samples_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_samples EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON rule_editions, rule_days, rule_years, rule_periods, rule_samples TO unireg_app;

-- What earlier rounds of the filing used up of the periods of review, in working
-- days.
ALTER TABLE records
    ADD review_used integer NOT NULL DEFAULT 0,
    ADD second_used integer NOT NULL DEFAULT 0;

-- Reconciliation walks through what is under way in the order of the ids, beside
-- however many records that rest.
CREATE INDEX records_under_way_id ON records (id) WHERE filing <> 'none';
