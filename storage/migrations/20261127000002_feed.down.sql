DROP TABLE deliveries;
DROP TABLE subscribers;
DROP TRIGGER events_note_change ON events;
DROP FUNCTION note_change();
DROP TABLE changes;
DROP VIEW change_events;
DROP FUNCTION change_of(text, jsonb);
