-- A stranger's open claim must not keep the true owner from opening theirs, nor
-- may an answer tell that there is one: several may be open for a subject.
DROP INDEX IF EXISTS occupancy_claims_open;
CREATE INDEX occupancy_claims_open ON occupancy_claims (opened_at) WHERE decided_at IS NULL;

-- Whoever is granted a claim sets a password with a code that staff tell them.
ALTER TABLE occupancy_claims
    ADD account         uuid REFERENCES accounts, -- begun by the grant
    ADD code            bytea,                    -- SHA-256 of the code; none once it was used
    ADD code_expires_at timestamptz,
    ADD code_tries      integer NOT NULL DEFAULT 0,
    ADD settled_at      timestamptz;              -- the password was set

REVOKE DELETE ON occupancy_claims FROM unireg_app;
