-- name: task_columns
run_id, task_runs.id, task_runs.parent, kind, name, run_name, state, state_name, reason, message, tries, max_tries, map_id, map_index,
upstream, tags, created_at, started_at, ended_at, due_at, failure, revision, tried,
arguments

-- name: last_attempt_columns
(SELECT flow_runs.id AS of_run, flow_runs.first_task_run_id AS first FROM flow_runs WHERE flow_runs.id = ?)
CROSS JOIN task_runs ON task_runs.run_id = of_run AND task_runs.id >= first

-- name: list_tasks
SELECT {task_columns} FROM {last_attempt_columns} ORDER BY task_runs.id;

-- name: list_tasks_between
SELECT {task_columns} FROM task_runs WHERE run_id = ? AND id >= ? AND id < ? ORDER BY id;

-- name: last_task_id
SELECT max(id) FROM task_runs WHERE run_id = ?;

-- name: list_tasks_since
SELECT {task_columns} FROM {last_attempt_columns} WHERE revision > ? ORDER BY task_runs.id;

-- name: get_task
SELECT {task_columns} FROM task_runs WHERE run_id = ? AND id = ?;

-- name: get_tasks
SELECT {task_columns} FROM json_each(?2) AS wanted
CROSS JOIN task_runs ON task_runs.run_id = ?1 AND task_runs.id = wanted.value;

-- name: count_tasks_by_state
SELECT state, count(*) FROM {last_attempt_columns} GROUP BY state;

-- name: summarize_tasks
SELECT name, state, count(*), min(task_runs.id), max(tries), max(task_runs.ended_at - task_runs.started_at)
FROM {last_attempt_columns} GROUP BY name, state ORDER BY min(task_runs.id) LIMIT ?;

-- name: count_failed_runs_by_task
SELECT name, count(DISTINCT run_id) AS runs
FROM json_each(?) AS asked CROSS JOIN task_runs ON task_runs.run_id = asked.value AND state = 'failed'
GROUP BY name ORDER BY runs DESC, name LIMIT ?;

-- name: list_task_names
SELECT name FROM task_runs WHERE run_id = ? AND kind = 'task' GROUP BY name ORDER BY min(id);

-- name: list_active_tasks
SELECT {task_columns} FROM task_runs
WHERE run_id = ? AND state IN ('pending', 'running', 'retrying', 'paused') ORDER BY id;

-- name: list_tasks_in_state
SELECT {task_columns} FROM task_runs WHERE run_id = ? AND state = ? ORDER BY id LIMIT ?;

-- name: list_task_ends
SELECT ended_at FROM {last_attempt_columns} WHERE ended_at IS NOT NULL ORDER BY ended_at;

-- name: first_failures
SELECT flow_runs.id, (
    SELECT task_runs.failure FROM task_runs INDEXED BY task_runs_by_state
    WHERE task_runs.run_id = flow_runs.id AND task_runs.state IN ('failed', 'crashed', 'cancelled', 'upstream_failed')
        AND task_runs.id >= flow_runs.first_task_run_id AND task_runs.failure IS NOT NULL
    ORDER BY task_runs.ended_at, task_runs.id DESC LIMIT 1
) FROM json_each(?) AS asked CROSS JOIN flow_runs ON flow_runs.id = asked.value;

-- name: first_failed_task
SELECT name, failure FROM task_runs INDEXED BY task_runs_by_state
WHERE run_id = ? AND id >= ? AND id < ? AND state IN ('failed', 'crashed', 'cancelled', 'upstream_failed')
    AND failure IS NOT NULL ORDER BY ended_at, id DESC LIMIT 1;

-- name: list_task_names_in_state
SELECT DISTINCT name FROM task_runs WHERE run_id = ? AND id >= ? AND id < ? AND state = ? LIMIT ?;

-- name: insert_task
INSERT INTO task_runs (
    run_id, id, parent, kind, name, run_name, state, state_name, reason, message, tries, max_tries, map_id, map_index,
    upstream, tags, created_at, started_at, ended_at, due_at, failure, revision, tried, arguments)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_task
UPDATE task_runs SET
    run_name = ?, state = ?, state_name = ?, reason = ?, message = ?, tries = ?,
    started_at = ?, ended_at = ?, due_at = ?, failure = ?, revision = ?, tried = ?
WHERE run_id = ? AND id = ? AND state = ?;

-- name: list_task_past
SELECT of_run, task_runs.state, count(*), min(task_runs.started_at), max(task_runs.ended_at)
FROM (
    SELECT id AS of_run, first_task_run_id AS first FROM flow_runs
    WHERE flow = ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?4
)
CROSS JOIN task_runs ON task_runs.run_id = of_run AND task_runs.id >= first
WHERE task_runs.name = ?3 GROUP BY of_run, task_runs.state ORDER BY of_run DESC;

-- name: list_task_grid
SELECT of_run, task_runs.name, task_runs.state, count(*), min(task_runs.started_at), max(task_runs.ended_at)
FROM (
    SELECT id AS of_run, first_task_run_id AS first FROM flow_runs
    WHERE flow = ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?3
)
CROSS JOIN task_runs ON task_runs.run_id = of_run AND task_runs.id >= first
GROUP BY of_run, task_runs.name, task_runs.state ORDER BY of_run DESC, min(task_runs.id);
