ALTER TABLE fire_times ADD COLUMN cause TEXT;
