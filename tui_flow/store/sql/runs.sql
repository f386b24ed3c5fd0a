-- name: run_columns
flow_runs.id, flow_runs.flow, flow_runs.path, run_name, state, state_name, reason, message, attempt, tries,
trigger, flow_runs.parameters, flow_runs.tags, source_sha, created_at, started_at, ended_at, due_at,
exit_code, signal, failure, ingested_bytes, first_task_run_id, scheduled_for, schedule, flow_runs.priority, lane,
crashes, awaits_attempt, served, idempotency_key, host, worker_pid, max_rss_bytes, cpu_seconds, waited,
is_partial

-- name: get_run
SELECT {run_columns} FROM flow_runs WHERE id = ?;

-- name: get_runs
SELECT {run_columns} FROM json_each(?) AS asked CROSS JOIN flow_runs ON flow_runs.id = asked.value;

-- name: get_report
SELECT report FROM flow_runs WHERE id = ?;

-- name: list_runs
SELECT {run_columns} FROM flow_runs
WHERE id < :before ORDER BY id DESC LIMIT :limit;

-- name: list_runs_of_flow
SELECT {run_columns} FROM flow_runs
WHERE flow = :flow AND id < :before ORDER BY id DESC LIMIT :limit;

-- name: list_runs_in_state
SELECT {run_columns} FROM flow_runs
WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit;

-- name: list_runs_of_flow_in_state
SELECT {run_columns} FROM flow_runs
WHERE flow = :flow AND state = :state AND id < :before ORDER BY id DESC LIMIT :limit;

-- name: wanted_runs
(:flow IS NULL OR lower(flow_runs.flow) GLOB :flow)
AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
AND (:since IS NULL OR created_at >= :since)
AND (:word IS NULL OR flow_runs.flow LIKE :word OR run_name LIKE :word OR flow_runs.path LIKE :word
    OR message LIKE :word OR trigger LIKE :word OR flow_runs.tags LIKE :word OR flow_runs.parameters LIKE :word)

-- name: search_runs
SELECT {run_columns} FROM flow_runs
WHERE id < :before AND id >= :floor AND {wanted_runs} ORDER BY id DESC LIMIT :limit;

-- name: search_newer_runs
SELECT {run_columns} FROM flow_runs
WHERE id > :after AND id <= :ceiling AND {wanted_runs} ORDER BY id LIMIT :limit;

-- name: newest_run_id
SELECT max(id) FROM flow_runs;

-- name: created_at_or_after
SELECT created_at FROM flow_runs WHERE id >= ? ORDER BY id LIMIT 1;

-- name: count_active_runs_by_state
SELECT state, count(*) FROM flow_runs INDEXED BY flow_runs_active WHERE ended_at IS NULL GROUP BY state;

-- name: run_of_key
SELECT {run_columns} FROM flow_runs WHERE flow = ? AND served = ? AND idempotency_key = ?;

-- name: served_runs_above
SELECT {run_columns} FROM flow_runs WHERE id > ? AND served IS NOT NULL ORDER BY id;

-- name: newer_run_of_flow
SELECT {run_columns} FROM flow_runs
WHERE flow = ? AND id > ? ORDER BY id LIMIT 1;

-- name: list_active_runs
SELECT {run_columns} FROM flow_runs
WHERE ended_at IS NULL ORDER BY id;

-- name: last_runs
SELECT {run_columns} FROM flows CROSS JOIN flow_runs
WHERE flow_runs.id IN (
    SELECT * FROM (
        SELECT id FROM flow_runs AS latest WHERE latest.flow = flows.name ORDER BY id DESC LIMIT :per_flow
    ) UNION ALL SELECT * FROM (
        SELECT id FROM flow_runs AS begun
        WHERE begun.flow = flows.name AND begun.started_at IS NOT NULL ORDER BY id DESC LIMIT 1
    ) UNION ALL SELECT id FROM flow_runs AS asked WHERE asked.flow = flows.name AND asked.state = 'paused'
)
ORDER BY flow_runs.flow, flow_runs.id DESC;

-- name: last_success
SELECT coalesce(scheduled_for, ended_at) FROM flow_runs
WHERE flow = ? AND state = 'completed' ORDER BY id DESC LIMIT 1;

-- name: run_for_fire_time
SELECT id FROM flow_runs
WHERE flow = ? AND schedule = ? AND scheduled_for = ? AND state = 'completed' LIMIT 1;

-- name: last_run_of_schedule
SELECT {run_columns} FROM flow_runs
WHERE flow = ? AND schedule = ? ORDER BY scheduled_for DESC LIMIT 1;

-- name: last_ends_of_flow
SELECT state FROM flow_runs
WHERE flow = :flow AND ended_at > :since AND schedule IS NOT NULL ORDER BY id DESC LIMIT :limit;

-- name: count_runs_by_state
SELECT state, count(*) FROM flow_runs GROUP BY state;

-- name: count_runs
SELECT count(*) FROM flow_runs;

-- name: list_run_ids
SELECT id FROM flow_runs WHERE id > ?;

-- name: insert_run
INSERT INTO flow_runs (
    id, flow, path, run_name, state, state_name, reason, message, attempt, tries, trigger, parameters, tags,
    source_sha, created_at, started_at, ended_at, due_at, exit_code, signal, failure, ingested_bytes,
    first_task_run_id, scheduled_for, schedule, priority, lane, crashes, awaits_attempt, served, idempotency_key)
VALUES (
    :id, :flow, :path, :run_name, :state, :state_name, :reason, :message, :attempt, :tries, :trigger, :parameters,
    :tags, :source_sha, :created_at, :started_at, :ended_at, :due_at, :exit_code, :signal, :failure, :ingested_bytes,
    :first_task_run_id, :scheduled_for, :schedule, :priority, :lane, :crashes, :awaits_attempt, :served,
    :idempotency_key);

-- name: update_run
UPDATE flow_runs SET
    run_name = :run_name, state = :state, state_name = :state_name, reason = :reason, message = :message,
    attempt = :attempt, tries = :tries, parameters = :parameters, tags = :tags, source_sha = :source_sha,
    started_at = :started_at, ended_at = :ended_at, due_at = :due_at, exit_code = :exit_code, signal = :signal,
    failure = :failure, report = :report, ingested_bytes = :ingested_bytes,
    first_task_run_id = :first_task_run_id, crashes = :crashes, awaits_attempt = :awaits_attempt,
    host = :host, worker_pid = :worker_pid, max_rss_bytes = :max_rss_bytes, cpu_seconds = :cpu_seconds,
    waited = :waited, is_partial = :is_partial
WHERE id = :id AND state = :old_state AND ingested_bytes = :old_ingested_bytes;

-- name: attempt_columns
run_id, attempt, state, state_name, reason, message, tries, parameters, source_sha, started_at, ended_at,
exit_code, signal, failure, first_task_run_id, waited

-- name: list_attempts
SELECT {attempt_columns} FROM run_attempts WHERE run_id = ? ORDER BY attempt;

-- name: insert_attempt
INSERT OR IGNORE INTO run_attempts ({attempt_columns})
VALUES (:run_id, :attempt, :state, :state_name, :reason, :message, :tries, :parameters, :source_sha, :started_at,
        :ended_at, :exit_code, :signal, :failure, :first_task_run_id, :waited);

-- name: keep_attempt
INSERT INTO run_attempts ({attempt_columns})
SELECT id, attempt, state, state_name, reason, message, tries, parameters, source_sha, started_at, ended_at,
       exit_code, signal, failure, first_task_run_id, waited
FROM flow_runs WHERE id = ? AND ended_at IS NOT NULL;
