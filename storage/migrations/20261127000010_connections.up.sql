-- By whom organizations are connected: staff are told who else has the same person
-- as representative or among the connected persons. What connects organizations by a
-- code stands among the marks.

CREATE INDEX versions_connected ON versions USING gin (people) WHERE kind = 'organization';
