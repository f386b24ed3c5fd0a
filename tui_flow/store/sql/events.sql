-- name: event_columns
id, kind, name, key, at, received_at, run_id, state, resource, payload

-- name: insert_event
INSERT INTO events (kind, name, key, at, received_at, run_id, state, resource, payload)
VALUES ('emitted', :name, :key, :at, :received_at, :run_id, NULL, :resource, :payload)
ON CONFLICT (kind, name, key) DO NOTHING;

-- name: insert_run_end
INSERT INTO events (kind, name, key, at, received_at, run_id, state, payload)
SELECT 'run_ended', :flow, :key, :ended_at, :ended_at, :id, :state, :payload
WHERE EXISTS (SELECT 1 FROM schedules WHERE kind = 'flow' AND state <> 'gone')
ON CONFLICT (kind, name, key) DO NOTHING;

-- name: last_event_id
SELECT max(id) FROM events;

-- name: last_event_id_before
SELECT max(id) FROM events WHERE received_at < ?;

-- name: list_events_after
SELECT {event_columns} FROM events WHERE id > ? ORDER BY id LIMIT ?;

-- name: get_event
SELECT {event_columns} FROM events WHERE kind = ? AND name = ? AND key = ?;

-- name: delete_old_events
DELETE FROM events WHERE received_at < :before AND id IN (
    SELECT id FROM events WHERE id <= :handled AND id < (SELECT max(id) FROM events) ORDER BY id LIMIT :limit
);

-- name: list_seen_files
SELECT path, stamp FROM seen_files WHERE schedule = ?;

-- name: save_seen_file
INSERT INTO seen_files (schedule, path, stamp) VALUES (?, ?, ?)
ON CONFLICT (schedule, path) DO UPDATE SET stamp = excluded.stamp;

-- name: delete_seen_file
DELETE FROM seen_files WHERE schedule = ? AND path = ?;
