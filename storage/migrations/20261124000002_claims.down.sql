GRANT DELETE ON occupancy_claims TO unireg_app;
ALTER TABLE occupancy_claims DROP settled_at, DROP code_tries, DROP code_expires_at, DROP code, DROP account;
DROP INDEX occupancy_claims_open;
CREATE INDEX occupancy_claims_open ON occupancy_claims (subject) WHERE decided_at IS NULL;
