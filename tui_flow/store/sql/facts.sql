-- name: get_fact
SELECT value FROM facts WHERE name = ?;

-- name: put_fact
INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: drop_fact
DELETE FROM facts WHERE name = ?;
