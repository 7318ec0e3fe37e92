-- Days through which what is in force counts: licences, certificates of all
-- kinds. noted is the smallest number of days before it of which the subject was
-- told; 0 is the day itself.
CREATE TABLE expiries (
    record     uuid NOT NULL REFERENCES records,
    name       text NOT NULL,            -- of the field, and its row
    subject    uuid NOT NULL REFERENCES subjects,
    label      text NOT NULL,            -- what expires; holds no number of a person
    expires_on date NOT NULL,
    noted      integer,
    PRIMARY KEY (record, name)
);
CREATE INDEX expiries_subject ON expiries (subject, expires_on);
CREATE INDEX expiries_due ON expiries (expires_on) WHERE noted IS NULL OR noted > 0;

ALTER TABLE certificates ADD noted integer;
CREATE INDEX certificates_due ON certificates (not_after) WHERE revoked_at IS NULL AND unbound_at IS NULL AND (noted IS NULL OR noted > 0);

GRANT SELECT, INSERT, UPDATE, DELETE ON expiries TO unireg_app;
