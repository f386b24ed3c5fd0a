-- name: list_run_flows
WITH RECURSIVE names (flow) AS (
    SELECT min(flow) FROM flow_runs
    UNION ALL
    SELECT (SELECT min(flow) FROM flow_runs WHERE flow > names.flow) FROM names WHERE names.flow IS NOT NULL
)
SELECT flow FROM names WHERE flow IS NOT NULL;

-- name: last_runs_to_keep
SELECT
    (SELECT max(id) FROM flow_runs WHERE flow = :flow),
    (SELECT max(id) FROM flow_runs WHERE flow = :flow AND state = 'completed');

-- name: walk_runs
SELECT id, created_at, ended_at FROM flow_runs WHERE id > ? ORDER BY id LIMIT ?;

-- name: nth_newest_run
SELECT id FROM flow_runs WHERE flow = ? ORDER BY id DESC LIMIT 1 OFFSET ?;

-- name: list_ended_up_to
SELECT id FROM flow_runs
WHERE flow = ? AND id > ? AND id <= ? AND ended_at IS NOT NULL ORDER BY id LIMIT ?;

-- name: delete_some_tasks
DELETE FROM task_runs
WHERE run_id = :run_id AND id IN (SELECT id FROM task_runs WHERE run_id = :run_id LIMIT :count);

-- name: delete_run
DELETE FROM flow_runs WHERE id = ? AND ended_at IS NOT NULL;

-- name: delete_old_fire_times
DELETE FROM fire_times
WHERE decided_at < ? AND id IN (
    SELECT fire_times.id FROM fire_times JOIN schedules ON schedules.id = fire_times.schedule
    WHERE kind <> 'condition' ORDER BY fire_times.id LIMIT ?
);

-- name: last_event_handled
SELECT min(coalesce(json_extract(memory, '$.read'), 0)) FROM schedules
WHERE kind IN ('event', 'flow') AND state <> 'gone';

-- name: list_file_shas
SELECT sha FROM flow_files UNION SELECT sha FROM flows;

-- name: walk_run_shas
SELECT id, source_sha FROM flow_runs WHERE id > ? ORDER BY id LIMIT ?;
