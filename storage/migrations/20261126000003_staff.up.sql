-- The administration of staff: what an editor saw, who was here when, and the log of
-- what staff did.

ALTER TABLE staff
    ADD revision     integer NOT NULL DEFAULT 1, -- raised by every change of name, role or scope
    ADD logged_in_at timestamptz;                -- last login with both factors
UPDATE staff SET logged_in_at = (SELECT max(created_at) FROM sessions WHERE sessions.staff = staff.id AND second_factor);

-- The log reads what staff did in every chain, and everything in the chain of what has
-- no subject, newest first.
CREATE INDEX events_of_staff ON events (at DESC, chain DESC, no DESC)
    WHERE role IN ('reviewer', 'confirmer', 'supervisor') OR chain = '00000000-0000-0000-0000-000000000000';
CREATE INDEX events_of_staff_member ON events (actor, at DESC, chain DESC, no DESC)
    WHERE role IN ('reviewer', 'confirmer', 'supervisor') OR chain = '00000000-0000-0000-0000-000000000000';
CREATE INDEX events_of_staff_type ON events (type, at DESC)
    WHERE role IN ('reviewer', 'confirmer', 'supervisor') OR chain = '00000000-0000-0000-0000-000000000000';
CREATE INDEX events_about_staff ON events ((data->>'staff'), at DESC)
    WHERE chain = '00000000-0000-0000-0000-000000000000';
