CREATE TABLE artifacts (                        -- what runs show to people: texts, tables, how far something is
    number       INTEGER PRIMARY KEY,           -- in the order in which they came
    id           TEXT NOT NULL UNIQUE,          -- a UUID
    run_id       INTEGER REFERENCES flow_runs (id) ON DELETE CASCADE,   -- null: a script outside of any run
    task_run     INTEGER NOT NULL,              -- 0 is the flow itself
    type         TEXT NOT NULL CHECK (type IN ('markdown', 'table', 'progress', 'image')),
    key          TEXT,                          -- artifacts of one key are versions of one thing
    description  TEXT,
    data         TEXT NOT NULL,                 -- JSON
    created_at   REAL NOT NULL,
    updated_at   REAL NOT NULL
) STRICT;

CREATE INDEX artifacts_by_run ON artifacts (run_id, number) WHERE run_id IS NOT NULL;
CREATE INDEX artifacts_by_key ON artifacts (key, number) WHERE key IS NOT NULL;
