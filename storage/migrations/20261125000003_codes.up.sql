-- What operators imported over the code tables of the product. Nothing is ever
-- changed or deleted: of a code the row of the latest edition counts.

CREATE TABLE code_editions (
    no        bigint PRIMARY KEY,        -- 1, 2, 3 …: by it processes notice an import
    namespace text NOT NULL,             -- the table, e.g. region
    sha256    bytea NOT NULL,            -- of the file
    at        timestamptz NOT NULL
);

CREATE TABLE code_entries (
    namespace  text NOT NULL,
    code       text NOT NULL,
    edition    bigint NOT NULL REFERENCES code_editions,
    name       text NOT NULL,
    parent     text NOT NULL,
    initials   text NOT NULL,
    valid_from date,                     -- first and last day on which it may be chosen
    valid_to   date,
    PRIMARY KEY (namespace, code, edition),
    CHECK (valid_from <= valid_to)
);

CREATE TRIGGER code_editions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON code_editions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER code_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON code_entries EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON code_editions, code_entries TO unireg_app;
