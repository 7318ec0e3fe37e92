DROP INDEX events_withdrawals;
DROP TABLE listings;
DROP INDEX records_distinct_everywhere;
DROP INDEX records_distinct_own;
ALTER TABLE records DROP COLUMN distinct_index;
