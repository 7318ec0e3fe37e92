DROP TABLE code_entries, code_editions;
