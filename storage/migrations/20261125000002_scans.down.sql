DROP INDEX files_unscanned;
ALTER TABLE files DROP scan_tries, DROP scan_until, DROP scanned_at, DROP virus;
