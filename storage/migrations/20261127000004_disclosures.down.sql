DROP TABLE disclosure_changes;
DROP TABLE disclosures;
