CREATE TABLE events (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('emitted', 'run_ended')),
    name         TEXT NOT NULL,
    key          TEXT NOT NULL,
    at           REAL NOT NULL,
    received_at  REAL NOT NULL,
    run_id       INTEGER,
    state        TEXT,
    resource     TEXT,
    payload      TEXT NOT NULL,
    CHECK ((kind = 'run_ended') = (state IS NOT NULL)),
    CHECK (kind = 'emitted' OR run_id IS NOT NULL),
    UNIQUE (kind, name, key)
) STRICT;

CREATE TABLE seen_files (
    schedule  INTEGER NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    path      TEXT NOT NULL,
    stamp     TEXT NOT NULL,
    PRIMARY KEY (schedule, path)
) STRICT, WITHOUT ROWID;
