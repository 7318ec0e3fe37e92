ALTER TABLE ca_applications DROP CONSTRAINT ca_applications_certificate_fkey;
DROP TABLE challenges, certificate_spans, ca_callbacks, certificates, ca_applications, revocation_lists, api_keys, occupancy_claims;
