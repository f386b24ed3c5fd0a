-- name: schedule_columns
id, flow, slug, kind, spec, source, state, paused_at, paused_by, paused_why, registered_at, cursor, next_at, memory

-- name: list_schedules
SELECT {schedule_columns} FROM schedules ORDER BY flow, slug;

-- name: list_schedules_of_flow
SELECT {schedule_columns} FROM schedules WHERE flow = ? ORDER BY slug;

-- name: get_schedule
SELECT {schedule_columns} FROM schedules WHERE flow = ? AND slug = ?;

-- name: insert_schedule
INSERT INTO schedules (flow, slug, kind, spec, source, state, paused_at, paused_by, paused_why, registered_at, cursor)
VALUES (:flow, :slug, :kind, :spec, :source, :state, :paused_at, :paused_by, :paused_why, :at, :at);

-- name: redeclare_schedule
UPDATE schedules SET
    kind = :kind, spec = :spec, source = :source, state = :state, paused_at = :paused_at, paused_by = :paused_by,
    paused_why = :paused_why, registered_at = :at, next_at = NULL,
    cursor = CASE WHEN spec = :spec THEN cursor ELSE max(cursor, :at) END,
    memory = CASE WHEN kind = :kind THEN memory END
WHERE id = :id;

-- name: mark_schedules_gone
UPDATE schedules SET state = 'gone', next_at = NULL
WHERE source = 'file' AND state <> 'gone' AND (flow, slug) NOT IN (
    SELECT flows.name, json_extract(declared.value, '$.slug') FROM flows, json_each(flows.schedules) AS declared
);

-- name: delete_schedule
DELETE FROM schedules WHERE id = ?;

-- name: pause_schedule
UPDATE schedules SET state = 'paused', paused_at = :at, paused_by = :by, paused_why = :why, next_at = NULL
WHERE id = :id AND state = 'active';

-- name: resume_schedule
UPDATE schedules SET
    state = CASE state WHEN 'paused' THEN 'active' ELSE state END,
    paused_at = NULL, paused_by = NULL, paused_why = NULL
WHERE id = :id;

-- name: move_cursor
UPDATE schedules SET cursor = max(cursor, :cursor), next_at = :next_at WHERE id = :id;

-- name: set_next_at
UPDATE schedules SET next_at = :next_at WHERE id = :id;

-- name: reset_cursor
UPDATE schedules SET cursor = :at, registered_at = :at, next_at = NULL WHERE id = :id;

-- name: save_memory
UPDATE schedules SET memory = :memory WHERE id = :id;

-- name: fire_time_columns
id, schedule, fire_at, outcome, reason, message, run_id, until, times, event_key, decided_at, cause

-- name: insert_fire_time
INSERT OR IGNORE INTO fire_times (
    schedule, fire_at, outcome, reason, message, run_id, until, times, event_key, decided_at, cause)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: replace_fire_time
INSERT INTO fire_times (
    schedule, fire_at, outcome, reason, message, run_id, until, times, event_key, decided_at, cause)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (schedule, fire_at) WHERE event_key IS NULL AND times = 1 DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, message = excluded.message, run_id = excluded.run_id,
    decided_at = excluded.decided_at;

-- name: list_fire_times
SELECT {fire_time_columns} FROM fire_times
WHERE schedule = ? ORDER BY id DESC LIMIT ?;

-- name: fire_times_between
SELECT {fire_time_columns} FROM fire_times
WHERE schedule = ? AND fire_at >= ? AND fire_at <= ? AND event_key IS NULL AND times = 1 ORDER BY fire_at;

-- name: list_unfired
SELECT {fire_time_columns} FROM fire_times
WHERE outcome <> 'run' AND coalesce(until, fire_at) > ? ORDER BY coalesce(until, fire_at) DESC LIMIT ?;

-- name: delete_skip
DELETE FROM fire_times
WHERE schedule = ? AND fire_at = ? AND outcome = 'skipped' AND reason = 'asked' AND event_key IS NULL AND times = 1;

-- name: fire_time_of_run
SELECT {fire_time_columns} FROM fire_times WHERE run_id = ? ORDER BY id DESC LIMIT 1;

-- name: knows_event
SELECT 1 FROM fire_times WHERE schedule = ? AND event_key = ?;

-- name: list_pauses
SELECT flow, paused_at, paused_by, why, resumed_at FROM pauses ORDER BY flow;

-- name: get_pause
SELECT flow, paused_at, paused_by, why, resumed_at FROM pauses WHERE flow = ?;

-- name: save_pause
INSERT INTO pauses (flow, paused_at, paused_by, why, resumed_at) VALUES (?, ?, ?, ?, NULL)
ON CONFLICT (flow) DO UPDATE SET
    paused_at = excluded.paused_at, paused_by = excluded.paused_by, why = excluded.why, resumed_at = NULL;

-- name: end_pause
UPDATE pauses SET resumed_at = ? WHERE flow = ? AND resumed_at IS NULL;
