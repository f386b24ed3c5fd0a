ALTER TABLE flow_runs ADD COLUMN host TEXT;
ALTER TABLE flow_runs ADD COLUMN worker_pid INTEGER;
ALTER TABLE flow_runs ADD COLUMN max_rss_bytes INTEGER;
ALTER TABLE flow_runs ADD COLUMN cpu_seconds REAL;

ALTER TABLE task_runs ADD COLUMN tried TEXT;
