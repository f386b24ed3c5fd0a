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
