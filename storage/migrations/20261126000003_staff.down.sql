DROP INDEX events_about_staff, events_of_staff_type, events_of_staff_member, events_of_staff;
ALTER TABLE staff DROP logged_in_at, DROP revision;
