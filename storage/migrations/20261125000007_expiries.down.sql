DROP INDEX certificates_due;
ALTER TABLE certificates DROP COLUMN noted;
DROP TABLE expiries;
