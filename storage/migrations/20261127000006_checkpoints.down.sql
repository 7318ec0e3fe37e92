-- Without the state a lost file counts as one that waits for its scan, which finds
-- that it is gone.
UPDATE files SET state = 'scanning', scanned = false WHERE state = 'lost';
ALTER TABLE files DROP CONSTRAINT files_state_check;
ALTER TABLE files ADD CONSTRAINT files_state_check
    CHECK (state IN ('uploading', 'scanning', 'available', 'refused', 'deleted'));

DROP TABLE checkpoint_proofs, checkpoint_leaves, checkpoint_heads, checkpoints;
