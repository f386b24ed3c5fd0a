-- name: muted_alert_columns
alerts.id, kind, fingerprint, state, alerts.flow, place, what, path, line, times, first_at, last_at, runs, changed_at,
changed_by, owed_at, sent_at, muted_at, muted_by, until
FROM alerts LEFT JOIN alert_mutes ON alert_mutes.flow = alerts.flow

-- name: list_alerts
SELECT {muted_alert_columns} ORDER BY last_at DESC, alerts.id DESC LIMIT ?;

-- name: list_open_alerts
SELECT {muted_alert_columns} WHERE state <> 'recovered' ORDER BY last_at DESC;

-- name: list_open_alerts_of_flow
SELECT {muted_alert_columns} WHERE state <> 'recovered' AND alerts.flow = ? ORDER BY alerts.id;

-- name: list_owed_alerts
SELECT {muted_alert_columns} WHERE owed_at <= ? ORDER BY owed_at;

-- name: next_owed_at
SELECT min(owed_at) FROM alerts WHERE owed_at IS NOT NULL;

-- name: get_alert
SELECT {muted_alert_columns} WHERE alerts.id = ?;

-- name: get_alert_like
SELECT {muted_alert_columns} WHERE fingerprint = ?;

-- name: insert_alert
INSERT INTO alerts (
    kind, fingerprint, state, flow, place, what, path, line, times, first_at, last_at, runs, changed_at, changed_by,
    owed_at, sent_at)
VALUES (
    :kind, :fingerprint, :state, :flow, :place, :what, :path, :line, :times, :first_at, :last_at, :runs, :changed_at,
    :changed_by, :owed_at, :sent_at);

-- name: update_alert
UPDATE alerts SET
    fingerprint = :fingerprint, state = :state, place = :place, what = :what, path = :path, line = :line, times = :times, last_at = :last_at,
    runs = :runs, changed_at = :changed_at, changed_by = :changed_by, owed_at = :owed_at, sent_at = :sent_at
WHERE id = :id;

-- name: delete_surplus_alerts
DELETE FROM alerts WHERE state = 'recovered' AND id NOT IN (
    SELECT id FROM alerts ORDER BY last_at DESC LIMIT ?
);

-- name: get_mute
SELECT flow, muted_at, muted_by, until FROM alert_mutes WHERE flow = ?;

-- name: save_mute
INSERT INTO alert_mutes (flow, muted_at, muted_by, until) VALUES (?, ?, ?, ?)
ON CONFLICT (flow) DO UPDATE SET muted_at = excluded.muted_at, muted_by = excluded.muted_by, until = excluded.until;

-- name: delete_mute
DELETE FROM alert_mutes WHERE flow = ?;

-- name: insert_alert_message
INSERT INTO alert_messages (alert, channel, at, is_sent, said) VALUES (?, ?, ?, ?, ?);

-- name: list_alert_messages
SELECT id, alert, channel, at, is_sent, said FROM alert_messages WHERE alert = ? ORDER BY id DESC LIMIT ?;

-- name: insert_alert_note
INSERT INTO alert_notes (alert, at, by, text) VALUES (?, ?, ?, ?);

-- name: delete_alert_note
DELETE FROM alert_notes WHERE id = (SELECT max(id) FROM alert_notes WHERE alert = ? AND text = ?);

-- name: list_alert_notes
SELECT id, alert, at, by, text FROM alert_notes WHERE alert = ? ORDER BY id DESC LIMIT ?;
