-- The release before knows no links but those of staff.
DELETE FROM password_resets WHERE staff IS NULL;
DROP INDEX password_resets_open;
CREATE UNIQUE INDEX password_resets_open ON password_resets (account) WHERE used_at IS NULL AND revoked_at IS NULL;
ALTER TABLE password_resets ALTER staff SET NOT NULL;
DROP TABLE reset_requests;
DROP TABLE letters;
DROP TABLE contacts;
