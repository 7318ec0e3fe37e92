DROP TABLE events, chains, notifications, files, review_tasks, commands, drafts, version_effects, versions, records,
    used_tokens, throttles, sessions, staff, accounts, subject_keys, subjects;
DROP FUNCTION refuse_change();
