-- A file waits for its virus scan until scanned; a worker that takes it holds it
-- for a while, so that no two scan it at once.
ALTER TABLE files
    ADD virus      text NOT NULL DEFAULT '', -- what the scanner found
    ADD scanned_at timestamptz,
    ADD scan_until timestamptz,              -- held by a worker, or rests after a fault, until then
    ADD scan_tries integer NOT NULL DEFAULT 0; -- scans that came to nothing
CREATE INDEX files_unscanned ON files (state, id) WHERE NOT scanned AND state IN ('scanning', 'available');
