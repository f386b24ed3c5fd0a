ALTER TABLE flow_runs ADD COLUMN first_task_run_id INTEGER NOT NULL DEFAULT 1;

CREATE TABLE run_attempts (
    run_id      INTEGER NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    state       TEXT NOT NULL CHECK (state IN ('completed', 'failed', 'crashed', 'cancelled')),
    state_name  TEXT NOT NULL,
    reason      TEXT NOT NULL CHECK (reason IN ('returned', 'error', 'timeout', 'cancelled', 'interrupted',
                                                'upstream', 'exit', 'signal', 'vanished', 'refused')),
    message     TEXT NOT NULL,
    tries       INTEGER NOT NULL,
    parameters  TEXT NOT NULL,
    source_sha  TEXT NOT NULL,
    started_at  REAL,
    ended_at    REAL NOT NULL,
    exit_code   INTEGER,
    signal      TEXT,
    failure     TEXT,
    first_task_run_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;
