CREATE INDEX task_runs_of_flows ON task_runs (name) WHERE kind = 'flow';
