-- name: served_columns
flow, name, server, pauses_at_end, server_limit, definition, parameters, description, tags, version,
max_concurrent_runs, served_at

-- name: list_served
SELECT {served_columns} FROM served_flows ORDER BY flow, name;

-- name: get_served
SELECT {served_columns} FROM served_flows WHERE flow = ? AND name = ?;

-- name: save_served
INSERT OR REPLACE INTO served_flows ({served_columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: end_server
UPDATE served_flows SET server = NULL WHERE server = ?;

-- name: delete_served
DELETE FROM served_flows WHERE flow = ? AND name = ?;

-- name: mark_unserved_gone
UPDATE schedules SET state = 'gone', next_at = NULL
WHERE flow = :flow AND source = 'serve' AND state <> 'gone' AND json_extract(spec, '$.served') = :name
    AND slug NOT IN (SELECT value FROM json_each(:slugs));
