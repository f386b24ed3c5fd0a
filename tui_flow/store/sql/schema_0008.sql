CREATE INDEX fire_times_without_run ON fire_times (coalesce(until, fire_at)) WHERE outcome <> 'run';
