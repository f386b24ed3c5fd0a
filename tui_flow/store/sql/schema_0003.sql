ALTER TABLE flows ADD COLUMN sha TEXT NOT NULL DEFAULT '';
ALTER TABLE flows ADD COLUMN schedules TEXT NOT NULL DEFAULT '[]';
ALTER TABLE flows ADD COLUMN max_concurrent_runs INTEGER CHECK (max_concurrent_runs >= 1);
ALTER TABLE flows ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0 CHECK (exclusive IN (0, 1));
ALTER TABLE flows ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flows ADD COLUMN on_crash TEXT NOT NULL DEFAULT 'fail' CHECK (on_crash IN ('fail', 'retry'));
ALTER TABLE flows ADD COLUMN pause_on_failure INTEGER CHECK (pause_on_failure >= 1);
ALTER TABLE flow_runs ADD COLUMN scheduled_for REAL;
ALTER TABLE flow_runs ADD COLUMN schedule TEXT;
ALTER TABLE flow_runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN lane TEXT;
ALTER TABLE flow_runs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN awaits_attempt INTEGER NOT NULL DEFAULT 0 CHECK (awaits_attempt IN (0, 1));

CREATE INDEX flow_runs_by_fire_time ON flow_runs (flow, schedule, scheduled_for) WHERE schedule IS NOT NULL;

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
    CHECK ((outcome = 'run') = (run_id IS NOT NULL)),
    CHECK ((times > 1) = (until IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX fire_times_once ON fire_times (schedule, fire_at) WHERE event_key IS NULL AND times = 1;
CREATE UNIQUE INDEX fire_times_once_an_event ON fire_times (schedule, event_key) WHERE event_key IS NOT NULL;
CREATE INDEX fire_times_by_schedule ON fire_times (schedule, id DESC);
CREATE INDEX fire_times_by_run ON fire_times (run_id) WHERE run_id IS NOT NULL;

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
