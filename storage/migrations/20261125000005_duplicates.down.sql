DROP INDEX files_content;
DROP INDEX versions_marks;
ALTER TABLE versions DROP COLUMN marks;
