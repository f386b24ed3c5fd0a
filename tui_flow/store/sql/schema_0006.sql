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

ALTER TABLE flow_runs ADD COLUMN served TEXT;
ALTER TABLE flow_runs ADD COLUMN idempotency_key TEXT;
CREATE UNIQUE INDEX flow_runs_once_a_key ON flow_runs (flow, served, idempotency_key) WHERE idempotency_key IS NOT NULL;
