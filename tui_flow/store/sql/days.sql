-- name: count_runs_by_day
SELECT days.key, states.value, (
    SELECT count(*) FROM flow_runs INDEXED BY flow_runs_by_state
    WHERE state = states.value AND id >= days.value ->> 0 AND id < days.value ->> 1
) FROM json_each(:days) AS days, json_each(:states) AS states;

-- name: first_run_in_state
SELECT id FROM flow_runs WHERE state = ? AND id >= ? AND id < ? ORDER BY id LIMIT 1;

-- name: list_missed_between
SELECT fire_at, coalesce(until, fire_at), times FROM fire_times
WHERE outcome <> 'run' AND outcome = 'missed' AND coalesce(until, fire_at) >= :start AND fire_at < :end;
