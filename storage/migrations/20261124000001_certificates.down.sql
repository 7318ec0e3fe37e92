ALTER TABLE ca_applications DROP CONSTRAINT ca_applications_certificate_fkey;
DROP TABLE challenges, certificate_spans, ca_callbacks, certificates, ca_applications, revocation_lists, api_keys, occupancy_claims;
DROP INDEX sessions_certificate;
ALTER TABLE sessions RENAME COLUMN certificate TO serial;
ALTER TABLE commands RENAME COLUMN certificate TO serial;
ALTER TABLE versions RENAME COLUMN certificate TO serial;
