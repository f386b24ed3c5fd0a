-- The whole current schema of history.db. Times are seconds since the epoch (UTC), lists and objects are JSON text.
-- The words in the CHECKs are those of contract/states.py; a test holds the two together.
-- store/migrations.py ends here from every older version; another test holds those two together.

CREATE TABLE flow_files (
    path          TEXT PRIMARY KEY,             -- relative to the project
    sha           TEXT NOT NULL,                -- of the text that was described; sources/<sha>.py has it
    state         TEXT NOT NULL CHECK (state IN ('ok', 'broken')),
    error         TEXT,                         -- what went wrong at import, in one line
    error_line    INTEGER,                      -- where, in this file
    traceback     TEXT,
    described_at  REAL NOT NULL,
    CHECK ((state = 'broken') = (error IS NOT NULL))
) STRICT;

CREATE TABLE flows (
    name             TEXT PRIMARY KEY,
    path             TEXT NOT NULL REFERENCES flow_files (path) ON DELETE CASCADE,
    function         TEXT NOT NULL,             -- the name in the file that holds the flow
    line             INTEGER NOT NULL,          -- where it is defined
    description      TEXT NOT NULL,
    parameters       TEXT NOT NULL,             -- JSON schema of an object, with the defaults
    tags             TEXT NOT NULL,             -- JSON list
    timeout_seconds  REAL
) STRICT;

CREATE INDEX flows_by_path ON flows (path);

CREATE TABLE flow_runs (
    id              INTEGER PRIMARY KEY,        -- the number of its run directory
    flow            TEXT NOT NULL,              -- no reference: runs outlive their flow
    path            TEXT NOT NULL,
    run_name        TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('scheduled', 'pending', 'running', 'retrying', 'paused',
                                                   'cancelling', 'completed', 'failed', 'crashed', 'cancelled')),
    state_name      TEXT NOT NULL,              -- the author's or Prefect's name for the state
    reason          TEXT CHECK (reason IN ('returned', 'error', 'timeout', 'cancelled', 'interrupted', 'upstream',
                                           'exit', 'signal', 'vanished', 'refused')),
    message         TEXT NOT NULL,
    attempt         INTEGER NOT NULL CHECK (attempt >= 1),
    tries           INTEGER NOT NULL CHECK (tries >= 0),   -- of the flow's own retries; 0: not begun
    trigger         TEXT NOT NULL,
    parameters      TEXT NOT NULL,              -- JSON object
    tags            TEXT NOT NULL,              -- JSON list
    source_sha      TEXT NOT NULL,
    created_at      REAL NOT NULL,
    started_at      REAL,
    ended_at        REAL,
    due_at          REAL,                       -- of the next try, while retrying
    exit_code       INTEGER,
    signal          TEXT,
    failure         TEXT,                       -- JSON of journal.Failure
    report          TEXT,                       -- JSON of journal.FlowFinished, from report to last word
    ingested_bytes  INTEGER NOT NULL DEFAULT 0, -- of the journal, in the same transaction as their rows
    first_task_run_id INTEGER NOT NULL DEFAULT 1, -- of this attempt; those below belong to earlier ones
    CHECK ((state IN ('completed', 'failed', 'crashed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NOT NULL) = (reason IS NOT NULL)),
    CHECK (state NOT IN ('running', 'retrying', 'paused') OR started_at IS NOT NULL)
) STRICT;

CREATE INDEX flow_runs_by_flow ON flow_runs (flow, id DESC);
CREATE INDEX flow_runs_by_state ON flow_runs (state, id DESC);
CREATE INDEX flow_runs_by_flow_and_state ON flow_runs (flow, state, id DESC);
CREATE INDEX flow_runs_active ON flow_runs (id) WHERE ended_at IS NULL;

CREATE TABLE run_attempts (                     -- how earlier attempts at a run ended; flow_runs has the last one
    run_id      INTEGER NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    attempt     INTEGER NOT NULL CHECK (attempt >= 1),
    state       TEXT NOT NULL CHECK (state IN ('completed', 'failed', 'crashed', 'cancelled')),
    state_name  TEXT NOT NULL,
    reason      TEXT NOT NULL CHECK (reason IN ('returned', 'error', 'timeout', 'cancelled', 'interrupted',
                                                'upstream', 'exit', 'signal', 'vanished', 'refused')),
    message     TEXT NOT NULL,
    tries       INTEGER NOT NULL,
    parameters  TEXT NOT NULL,                  -- JSON object
    source_sha  TEXT NOT NULL,
    started_at  REAL,
    ended_at    REAL NOT NULL,
    exit_code   INTEGER,
    signal      TEXT,
    failure     TEXT,                           -- JSON of journal.Failure
    first_task_run_id INTEGER NOT NULL,
    PRIMARY KEY (run_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_runs (
    run_id      INTEGER NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    id          INTEGER NOT NULL,               -- counts from 1 within the run
    parent      INTEGER NOT NULL,               -- 0 is the flow run itself
    kind        TEXT NOT NULL CHECK (kind IN ('task', 'flow')),
    name        TEXT NOT NULL,
    run_name    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'running', 'retrying', 'paused', 'completed', 'cached',
                                               'skipped', 'upstream_failed', 'failed', 'crashed', 'cancelled')),
    state_name  TEXT NOT NULL,
    reason      TEXT CHECK (reason IN ('returned', 'error', 'timeout', 'cancelled', 'interrupted', 'upstream',
                                       'exit', 'signal', 'vanished', 'refused')),
    message     TEXT NOT NULL,
    tries       INTEGER NOT NULL,               -- 0: not begun
    max_tries   INTEGER NOT NULL,
    map_id      INTEGER,
    map_index   INTEGER,
    upstream    TEXT NOT NULL,                  -- JSON list of ids
    tags        TEXT NOT NULL,                  -- JSON list
    created_at  REAL NOT NULL,
    started_at  REAL,                           -- of the first try
    ended_at    REAL,
    due_at      REAL,                           -- of the next try, while retrying
    failure     TEXT,                           -- JSON of journal.Failure
    revision    INTEGER NOT NULL,               -- flow_runs.ingested_bytes as of this row's last change
    PRIMARY KEY (run_id, id),
    CHECK ((state IN ('completed', 'cached', 'skipped', 'upstream_failed', 'failed', 'crashed', 'cancelled'))
           = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX task_runs_by_state ON task_runs (run_id, state);
