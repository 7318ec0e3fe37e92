-- By what a reviewer is told of duplicates: blind indexes of what two filings do
-- not share, and the content of attachments.

ALTER TABLE versions ADD marks bytea[] NOT NULL DEFAULT '{}';
CREATE INDEX versions_marks ON versions USING gin (marks);
CREATE INDEX files_content ON files (sha256) WHERE in_use;
