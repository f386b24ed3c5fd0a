CREATE TABLE materializations (                 -- what flows produced (files, tables), and from what
    number      INTEGER PRIMARY KEY,            -- in the order in which they came
    run_id      INTEGER NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    task_run    INTEGER NOT NULL,
    key         TEXT NOT NULL,                  -- of the asset: a URI
    succeeded   INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    made_by     TEXT,                           -- the tool that did, such as "dbt"
    properties  TEXT,                           -- JSON: its name, description, owners, URL
    metadata    TEXT,                           -- JSON: what the run said of it
    upstream    TEXT NOT NULL,                  -- JSON: the keys of those that it was made from
    at          REAL NOT NULL,
    UNIQUE (run_id, task_run, key)
) STRICT;

CREATE INDEX materializations_by_key ON materializations (key, number);
