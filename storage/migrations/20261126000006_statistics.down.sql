DROP TABLE review_days;
DROP VIEW review_facts;
DROP FUNCTION review_city(text);
DROP INDEX commands_returned;
DROP INDEX review_tasks_waiting;
DROP INDEX review_tasks_answered_day;
DROP INDEX review_tasks_opened_day;
ALTER TABLE review_tasks DROP answered_at;
