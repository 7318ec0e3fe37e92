DROP INDEX versions_connected;
