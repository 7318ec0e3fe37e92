-- Every page of a subject counts its lines of each kind: from an index of
-- nothing else, which is a hundredth of the table.

CREATE INDEX listings_counts ON listings (subject, kind);
