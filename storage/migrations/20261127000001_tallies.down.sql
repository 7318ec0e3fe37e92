DROP INDEX records_states;
