ALTER TABLE flow_runs ADD COLUMN waited TEXT;

ALTER TABLE run_attempts ADD COLUMN waited TEXT;
