DROP INDEX records_under_way_id;
ALTER TABLE records DROP second_used, DROP review_used;
DROP TABLE rule_samples, rule_periods, rule_years, rule_days, rule_editions;
