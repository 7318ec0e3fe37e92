DROP INDEX occupancy_claims_subject;
DROP TABLE reveals;
DROP TABLE password_resets;
