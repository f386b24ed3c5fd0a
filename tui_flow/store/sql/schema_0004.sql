ALTER TABLE flow_files ADD COLUMN version TEXT;
