-- Checkpoints: signed statements of where the heads of all hash chains stood. A
-- copy of each is in the object store and wherever the operator keeps one, so that
-- a history that was rewritten here is found out.

CREATE TABLE checkpoints (
    no   bigint PRIMARY KEY,             -- 1, 2, 3 …
    at   timestamptz NOT NULL,
    size bigint NOT NULL,                -- chains
    root bytea NOT NULL,                 -- of the tree over their heads
    key  text NOT NULL,                  -- id of the key that signed
    note text NOT NULL                   -- the signed text
);

-- The heads that a checkpoint signed and the one before did not. A chain that did
-- not grow has no row, so that settled subjects cost nothing.
CREATE TABLE checkpoint_heads (
    no       bigint NOT NULL,            -- of the checkpoint
    chain    uuid NOT NULL,
    chain_no bigint NOT NULL,            -- the chain's last link
    hash     bytea NOT NULL,
    PRIMARY KEY (no, chain)
);
CREATE INDEX checkpoint_heads_chain ON checkpoint_heads (chain, no);

-- The leaves of the tree as the last checkpoint has them: of each chain the latest
-- of its heads, in the order in which the chains came. It follows from the heads.
CREATE TABLE checkpoint_leaves (
    chain    uuid PRIMARY KEY,
    leaf     bigint NOT NULL UNIQUE,     -- 0, 1, 2 …
    chain_no bigint NOT NULL,
    hash     bytea NOT NULL
);

-- When the whole history was last compared with its checkpoints.
CREATE TABLE checkpoint_proofs (
    at     timestamptz PRIMARY KEY,
    no     bigint NOT NULL,              -- the latest checkpoint that there was
    faults integer NOT NULL              -- that were found
);

CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_heads_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint_heads EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_proofs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint_proofs EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON checkpoints, checkpoint_heads, checkpoint_proofs TO unireg_app;
GRANT SELECT, INSERT, UPDATE ON checkpoint_leaves TO unireg_app;

-- A file whose object was lost, of which the subject was told.
ALTER TABLE files DROP CONSTRAINT files_state_check;
ALTER TABLE files ADD CONSTRAINT files_state_check
    CHECK (state IN ('uploading', 'scanning', 'available', 'refused', 'deleted', 'lost'));
