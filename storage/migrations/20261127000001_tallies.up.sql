-- Every page of a subject counts where its records of each kind stand, from an
-- index that holds just that.

CREATE INDEX records_states ON records (subject, kind, standing, filing);
