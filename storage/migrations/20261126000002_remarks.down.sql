DROP TABLE review_phrases;
ALTER TABLE commands DROP answers;
ALTER TABLE drafts DROP answers;
