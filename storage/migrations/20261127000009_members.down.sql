DELETE FROM letters WHERE purpose = 'invitation';
ALTER TABLE letters DROP CONSTRAINT letters_purpose_check;
ALTER TABLE letters ADD CONSTRAINT letters_purpose_check CHECK (purpose IN ('message', 'code', 'changed', 'reset'));
DROP TABLE member_requests, member_invitations;
DROP INDEX accounts_login;
ALTER TABLE accounts DROP revoked_at, DROP logged_in_at, DROP sealed, DROP login_index, DROP role;
