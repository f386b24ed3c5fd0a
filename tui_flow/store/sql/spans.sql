-- name: list_spans_of_flow
SELECT id, state, created_at, started_at, ended_at, waited, is_partial FROM flow_runs WHERE flow = ? ORDER BY id DESC LIMIT ?;

-- name: list_spans_from
SELECT id, state, created_at, started_at, ended_at, waited, is_partial FROM flow_runs WHERE id >= ? ORDER BY id DESC LIMIT ?;

-- name: list_spans_between
SELECT flow, state, created_at, started_at, ended_at FROM flow_runs WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?;
