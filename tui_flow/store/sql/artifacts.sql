-- name: artifact_columns
number, id, run_id, task_run, type, key, description, data, created_at, updated_at

-- name: insert_artifact
INSERT INTO artifacts (id, run_id, task_run, type, key, description, data, created_at, updated_at)
SELECT :id, (SELECT id FROM flow_runs WHERE id = :run_id), :task_run, :type, :key, :description, :data, :at, :at
WHERE true
ON CONFLICT (id) DO NOTHING;

-- name: update_artifact
UPDATE artifacts SET data = :data, description = coalesce(:description, description), updated_at = :at
WHERE id = :id AND updated_at <= :at;

-- name: list_artifacts_of_run
SELECT {artifact_columns} FROM artifacts WHERE run_id = ? ORDER BY number LIMIT ?;

-- name: list_artifacts_of_run_since
SELECT {artifact_columns} FROM artifacts WHERE run_id = ? AND updated_at >= ? ORDER BY number LIMIT ?;

-- name: last_progress_of_run
SELECT {artifact_columns} FROM artifacts WHERE run_id = ? AND type = 'progress' AND NOT EXISTS (
    SELECT 1 FROM task_runs
    WHERE task_runs.run_id = artifacts.run_id AND task_runs.id = artifacts.task_run AND task_runs.ended_at IS NOT NULL
) ORDER BY updated_at DESC LIMIT 1;

-- name: list_artifact_versions
SELECT {artifact_columns} FROM artifacts WHERE key = ? ORDER BY number DESC LIMIT ?;

-- name: list_latest_artifacts
SELECT {artifact_columns} FROM artifacts
WHERE key IS NULL OR number = (SELECT max(newer.number) FROM artifacts AS newer WHERE newer.key = artifacts.key)
ORDER BY number DESC LIMIT ?;
