-- name: task_columns
run_id, task_runs.id, task_runs.parent, kind, name, run_name, state, state_name, reason, message, tries, max_tries, map_id, map_index,
upstream, tags, created_at, started_at, ended_at, due_at, failure, revision

-- name: list_tasks
SELECT {task_columns} FROM task_runs WHERE run_id = ? ORDER BY id;

-- name: list_tasks_since
SELECT {task_columns} FROM task_runs WHERE run_id = ? AND revision > ? ORDER BY id;

-- name: get_task
SELECT {task_columns} FROM task_runs WHERE run_id = ? AND id = ?;

-- name: get_tasks
SELECT {task_columns} FROM json_each(?2) AS wanted
CROSS JOIN task_runs ON task_runs.run_id = ?1 AND task_runs.id = wanted.value;

-- name: count_tasks_by_state
SELECT state, count(*) FROM task_runs WHERE run_id = ? GROUP BY state;

-- name: list_active_tasks
SELECT {task_columns} FROM task_runs
WHERE run_id = ? AND state IN ('pending', 'running', 'retrying', 'paused') ORDER BY id;

-- name: first_failure
SELECT failure FROM task_runs
WHERE run_id = ? AND failure IS NOT NULL AND ended_at IS NOT NULL ORDER BY ended_at, id DESC LIMIT 1;

-- name: insert_task
INSERT INTO task_runs (
    run_id, id, parent, kind, name, run_name, state, state_name, reason, message, tries, max_tries, map_id, map_index,
    upstream, tags, created_at, started_at, ended_at, due_at, failure, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_task
UPDATE task_runs SET
    run_name = ?, state = ?, state_name = ?, reason = ?, message = ?, tries = ?,
    started_at = ?, ended_at = ?, due_at = ?, failure = ?, revision = ?
WHERE run_id = ? AND id = ? AND state = ?;
