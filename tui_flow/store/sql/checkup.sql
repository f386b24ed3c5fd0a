-- name: list_ingested
SELECT id, ingested_bytes FROM flow_runs;

-- name: count_tasks
SELECT count(*) FROM task_runs;
