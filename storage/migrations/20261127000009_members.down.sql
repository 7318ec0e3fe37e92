DROP TABLE member_requests, member_invitations;
DROP INDEX accounts_login;
ALTER TABLE accounts DROP revoked_at, DROP logged_in_at, DROP sealed, DROP login_index, DROP role;
