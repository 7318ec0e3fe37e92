DROP TABLE exports;
ALTER TABLE subjects DROP COLUMN registered_name;
