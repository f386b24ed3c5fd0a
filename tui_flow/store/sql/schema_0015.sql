ALTER TABLE flow_runs ADD COLUMN is_partial INTEGER NOT NULL DEFAULT 0 CHECK (is_partial IN (0, 1));

UPDATE flow_runs SET is_partial = 1 WHERE EXISTS (
    SELECT 1 FROM task_runs
    WHERE run_id = flow_runs.id AND task_runs.id >= first_task_run_id AND task_runs.state IN ('cached', 'skipped')
        AND task_runs.message IN ('left out by whoever started the run', 'An earlier attempt gave this result.')
);
