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
    version       TEXT,                         -- JSON of contract.version.Version: what its flows run; NULL: never good
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
    timeout_seconds  REAL,
    sha              TEXT NOT NULL DEFAULT '',  -- of the text that holds the flow: a broken file's last good one
    schedules        TEXT NOT NULL DEFAULT '[]',        -- JSON list of contract.schedules, as declared
    max_concurrent_runs INTEGER CHECK (max_concurrent_runs >= 1),
    exclusive        INTEGER NOT NULL DEFAULT 0 CHECK (exclusive IN (0, 1)),    -- no two runs at once, asked for or not
    priority         INTEGER NOT NULL DEFAULT 0,
    on_crash         TEXT NOT NULL DEFAULT 'fail' CHECK (on_crash IN ('fail', 'retry')),
    pause_on_failure INTEGER CHECK (pause_on_failure >= 1)      -- after so many failures in a row
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
    scheduled_for   REAL,                       -- the fire time that it runs for
    schedule        TEXT,                       -- the slug of the schedule or trigger that made it
    priority        INTEGER NOT NULL DEFAULT 0, -- higher ones are started first
    lane            TEXT,                       -- runs of one lane are started one after another
    crashes         INTEGER NOT NULL DEFAULT 0, -- attempts that crashed, and were begun anew for it
    awaits_attempt  INTEGER NOT NULL DEFAULT 0 CHECK (awaits_attempt IN (0, 1)),   -- no process waits: the engine begins
    served          TEXT,                       -- the name that its flow is served under, where it was run by that
    idempotency_key TEXT,                       -- of the request for it: an equal one gets this run
    host            TEXT,                       -- of the last attempt, as the three that follow
    worker_pid      INTEGER,
    max_rss_bytes   INTEGER,
    cpu_seconds     REAL,
    waited          TEXT,                       -- JSON list of [since, until, task run]: when it waited for an answer
    is_partial      INTEGER NOT NULL DEFAULT 0 CHECK (is_partial IN (0, 1)),    -- reused or left out calls, or was debugged
    CHECK ((state IN ('completed', 'failed', 'crashed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NOT NULL) = (reason IS NOT NULL)),
    CHECK (state NOT IN ('running', 'retrying', 'paused') OR started_at IS NOT NULL)
) STRICT;

CREATE INDEX flow_runs_by_flow ON flow_runs (flow, id DESC);
CREATE INDEX flow_runs_by_state ON flow_runs (state, id DESC);
CREATE INDEX flow_runs_by_flow_and_state ON flow_runs (flow, state, id DESC);
CREATE INDEX flow_runs_active ON flow_runs (id) WHERE ended_at IS NULL;
CREATE INDEX flow_runs_by_fire_time ON flow_runs (flow, schedule, scheduled_for) WHERE schedule IS NOT NULL;

CREATE UNIQUE INDEX flow_runs_once_a_key ON flow_runs (flow, served, idempotency_key) WHERE idempotency_key IS NOT NULL;

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
    waited      TEXT,                           -- as in flow_runs
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
    tried       TEXT,                           -- JSON list of [started_at, ended_at, said], where there were several
    arguments   TEXT NOT NULL DEFAULT '',       -- what it was called with, shortened, for people
    PRIMARY KEY (run_id, id),
    CHECK ((state IN ('completed', 'cached', 'skipped', 'upstream_failed', 'failed', 'crashed', 'cancelled'))
           = (ended_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX task_runs_by_state ON task_runs (run_id, state);
CREATE INDEX task_runs_of_flows ON task_runs (name) WHERE kind = 'flow';

CREATE TABLE schedules (
    id             INTEGER PRIMARY KEY,
    flow           TEXT NOT NULL,               -- no reference: a schedule survives its file, and may be back with it
    slug           TEXT NOT NULL,               -- its name within the flow
    kind           TEXT NOT NULL,               -- of contract.schedules
    spec           TEXT NOT NULL,               -- JSON object: what the author declared
    source         TEXT NOT NULL CHECK (source IN ('file', 'serve')),
    state          TEXT NOT NULL CHECK (state IN ('active', 'paused', 'gone')),
    paused_at      REAL,                        -- stays while it is gone, so that it comes back paused
    paused_by      TEXT,
    paused_why     TEXT,
    registered_at  REAL NOT NULL,               -- nothing before it fires
    cursor         REAL NOT NULL,               -- every fire time up to here is decided
    next_at        REAL,                        -- the next fire time; null: there is none, or it is a trigger
    memory         TEXT,                        -- of a trigger: JSON of what it has seen
    UNIQUE (flow, slug),
    CHECK (state <> 'paused' OR paused_at IS NOT NULL),
    CHECK (state <> 'active' OR paused_at IS NULL)
) STRICT;

CREATE TABLE fire_times (
    id          INTEGER PRIMARY KEY,
    schedule    INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    fire_at     REAL NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('run', 'skipped', 'missed')),
    reason      TEXT NOT NULL CHECK (reason IN ('on_time', 'catch_up', 'event', 'backfill', 'overlap', 'asked', 'paused',
                                                'down', 'changed', 'refused')),
    message     TEXT NOT NULL,
    run_id      INTEGER,
    until       REAL,                           -- the last of several fire times that share this row
    times       INTEGER NOT NULL DEFAULT 1 CHECK (times >= 1),    -- how many they are
    event_key   TEXT,                           -- of a trigger: what makes its event that one and no other
    decided_at  REAL NOT NULL,
    cause       TEXT,                           -- of a trigger's event: JSON object, what it was
    CHECK ((outcome = 'run') = (run_id IS NOT NULL)),
    CHECK ((times > 1) = (until IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX fire_times_once ON fire_times (schedule, fire_at) WHERE event_key IS NULL AND times = 1;
CREATE UNIQUE INDEX fire_times_once_an_event ON fire_times (schedule, event_key) WHERE event_key IS NOT NULL;
CREATE INDEX fire_times_by_schedule ON fire_times (schedule, id DESC);
CREATE INDEX fire_times_by_run ON fire_times (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX fire_times_without_run ON fire_times (coalesce(until, fire_at)) WHERE outcome <> 'run';

CREATE TABLE events (                           -- what triggers wait for; each reads on from where it was
    id           INTEGER PRIMARY KEY,           -- rises; the highest one is never deleted
    kind         TEXT NOT NULL CHECK (kind IN ('emitted', 'run_ended')),
    name         TEXT NOT NULL,                 -- the event's; of the end of a run, the flow's
    key          TEXT NOT NULL,                 -- what makes it that one; of the end of a run, run and attempt: "812/1"
    at           REAL NOT NULL,                 -- when it happened
    received_at  REAL NOT NULL,
    run_id       INTEGER,                       -- the run that emitted it, or that ended
    state        TEXT,                          -- that the run ended in
    resource     TEXT,                          -- JSON object
    payload      TEXT NOT NULL,                 -- JSON object
    CHECK ((kind = 'run_ended') = (state IS NOT NULL)),
    CHECK (kind = 'emitted' OR run_id IS NOT NULL),
    UNIQUE (kind, name, key)
) STRICT;

CREATE TABLE seen_files (                       -- the files that a trigger knows, so that it fires for others only
    schedule  INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    path      TEXT NOT NULL,                    -- as the trigger names it: relative to the project where it is inside
    stamp     TEXT NOT NULL,                    -- "<mtime in ns> <size>"
    PRIMARY KEY (schedule, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE served_flows (                     -- flows that a script serves, each under a name
    flow            TEXT NOT NULL,
    name            TEXT NOT NULL,
    server          TEXT,                       -- the file in serving/ whose lock the script holds; null: it is over
    pauses_at_end   INTEGER NOT NULL CHECK (pauses_at_end IN (0, 1)),   -- its schedules, when the script is over
    server_limit    INTEGER CHECK (server_limit >= 1),          -- runs at once of all that the script serves
    definition      TEXT NOT NULL,              -- JSON of store.records.Flow, as its file had it when it was served
    parameters      TEXT NOT NULL,              -- JSON object: of its runs, beyond the flow's defaults
    description     TEXT NOT NULL,
    tags            TEXT NOT NULL,              -- JSON list
    version         TEXT,
    max_concurrent_runs INTEGER CHECK (max_concurrent_runs >= 1),
    served_at       REAL NOT NULL,
    PRIMARY KEY (flow, name)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE alerts (                           -- what somebody should know; equal happenings share a row
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('failure', 'crash', 'late', 'missed', 'broken_file', 'paused', 'no_room')),
    fingerprint  TEXT NOT NULL UNIQUE,          -- what makes equal ones one alert
    state        TEXT NOT NULL CHECK (state IN ('new', 'acknowledged', 'recovered')),
    flow         TEXT NOT NULL,                 -- empty where it is about no flow
    place        TEXT NOT NULL,                 -- the task, the schedule or the file
    what         TEXT NOT NULL,                 -- in one line
    path         TEXT NOT NULL,                 -- of the author's line, if there is one
    line         INTEGER NOT NULL,
    times        INTEGER NOT NULL CHECK (times >= 1),
    first_at     REAL NOT NULL,
    last_at      REAL NOT NULL,
    runs         TEXT NOT NULL,                 -- JSON list of ids, the newest first, at most 20
    changed_at   REAL NOT NULL,                 -- when its state became what it is
    changed_by   TEXT NOT NULL,                 -- who acknowledged it; the run that it recovered with
    owed_at      REAL,                          -- when a message about it is due; null: none is
    sent_at      REAL                           -- of the last message about it
) STRICT;

CREATE INDEX alerts_open ON alerts (flow, id) WHERE state <> 'recovered';
CREATE INDEX alerts_owed ON alerts (owed_at) WHERE owed_at IS NOT NULL;
CREATE INDEX alerts_by_time ON alerts (last_at, id);

CREATE TABLE alert_mutes (                      -- flows about which nobody wants to hear for a while
    flow      TEXT PRIMARY KEY,
    muted_at  REAL NOT NULL,
    muted_by  TEXT NOT NULL,
    until     REAL                              -- null: until a run of it completes
) STRICT;

CREATE TABLE alert_messages (                   -- what went out about an alert, and whether it did
    id       INTEGER PRIMARY KEY,
    alert    INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    channel  TEXT NOT NULL,
    at       REAL NOT NULL,
    is_sent  INTEGER NOT NULL CHECK (is_sent IN (0, 1)),
    said     TEXT NOT NULL                      -- by the channel: "exit 0, 0.3s", or what went wrong
) STRICT;

CREATE INDEX alert_messages_by_alert ON alert_messages (alert, id);

CREATE TABLE alert_notes (                      -- what people wrote about an alert; it stays with the error, not with a run
    id     INTEGER PRIMARY KEY,
    alert  INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    at     REAL NOT NULL,
    by     TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;

CREATE INDEX alert_notes_by_alert ON alert_notes (alert, id);

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

CREATE TABLE pauses (
    flow        TEXT PRIMARY KEY,               -- '' is all flows
    paused_at   REAL NOT NULL,
    paused_by   TEXT NOT NULL,
    why         TEXT NOT NULL,
    resumed_at  REAL                            -- null: it holds
) STRICT;

CREATE TABLE facts (
    name   TEXT PRIMARY KEY,                    -- what the engine remembers of itself, from one to the next
    value  TEXT NOT NULL
) STRICT;
