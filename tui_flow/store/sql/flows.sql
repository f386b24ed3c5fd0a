-- name: flow_columns
name, path, function, line, description, parameters, tags, timeout_seconds, sha, schedules, max_concurrent_runs,
exclusive, priority, on_crash, pause_on_failure

-- name: list_flow_files
SELECT path, sha, state, error, error_line, traceback, described_at, version
FROM flow_files ORDER BY path;

-- name: get_flow_file
SELECT path, sha, state, error, error_line, traceback, described_at, version
FROM flow_files WHERE path = ?;

-- name: list_run_limits
SELECT name, CASE WHEN exclusive THEN 1 ELSE max_concurrent_runs END FROM flows
WHERE exclusive OR max_concurrent_runs IS NOT NULL;

-- name: save_flow_file
INSERT INTO flow_files (path, sha, state, error, error_line, traceback, described_at, version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    sha = excluded.sha, state = excluded.state, error = excluded.error, error_line = excluded.error_line,
    traceback = excluded.traceback, described_at = excluded.described_at,
    version = excluded.version;

-- name: delete_flow_file
DELETE FROM flow_files WHERE path = ?;

-- name: list_flows
SELECT {flow_columns}
FROM flows ORDER BY path, line;

-- name: list_flow_names
SELECT name, path FROM flows ORDER BY name;

-- name: get_flow
SELECT {flow_columns}
FROM flows WHERE name = ?;

-- name: delete_flows_of_file
DELETE FROM flows WHERE path = ?;

-- name: insert_flow
INSERT INTO flows ({flow_columns})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: list_callers
SELECT flows.name, (
    SELECT flow_runs.flow FROM task_runs INDEXED BY task_runs_of_flows
    CROSS JOIN flow_runs ON flow_runs.id = task_runs.run_id
    WHERE task_runs.kind = 'flow' AND task_runs.name = flows.name ORDER BY task_runs.run_id DESC LIMIT 1
) AS caller FROM flows
WHERE (:flow IS NULL OR flows.name = :flow) AND caller IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM flow_runs WHERE flow_runs.flow = flows.name);
