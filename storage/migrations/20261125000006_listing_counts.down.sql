DROP INDEX listings_counts;
