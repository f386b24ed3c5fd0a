-- name: materialization_columns
number, run_id, task_run, key, succeeded, made_by, properties, metadata, upstream, at

-- name: insert_materialization
INSERT INTO materializations (run_id, task_run, key, succeeded, made_by, properties, metadata, upstream, at)
VALUES (:run_id, :task_run, :key, :succeeded, :made_by, :properties, :metadata, :upstream, :at)
ON CONFLICT (run_id, task_run, key) DO NOTHING;

-- name: list_materializations_of_run
SELECT {materialization_columns} FROM materializations WHERE run_id = ? ORDER BY number LIMIT ?;

-- name: list_materializations_of_key
SELECT {materialization_columns} FROM materializations WHERE key = ? ORDER BY number DESC LIMIT ?;

-- name: list_latest_materializations
SELECT {materialization_columns} FROM materializations
WHERE number = (SELECT max(newer.number) FROM materializations AS newer WHERE newer.key = materializations.key)
ORDER BY key LIMIT ?;
