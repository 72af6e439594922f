-- Alarms: written by the control that leads.

-- First in each request that writes: refused when a later one leads.
-- name: alarm_lead
-- parameters: location text, number integer
-- changes: one
-- roles: control
INSERT INTO alarm_lead (location, number) VALUES ($1, $2)
ON CONFLICT (location) DO UPDATE SET number = excluded.number
WHERE alarm_lead.number <= excluded.number;

-- name: alarm_put
-- parameters: location text, id integer, name text, object text, severity text, text text, raised_at integer, cleared_at integer null, acknowledged_at integer null, acknowledged_by text null
-- roles: control
INSERT INTO alarms (location, id, name, object, severity, text, raised_at, cleared_at, acknowledged_at, acknowledged_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (location, id) DO UPDATE
SET cleared_at = excluded.cleared_at, acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by;

-- 0: there was none.
-- name: alarm_last
-- parameters: location text
-- returns: id integer
-- roles: control
SELECT coalesce(max(id), 0) FROM alarms WHERE location = $1;

-- name: alarm_open
-- parameters: location text, limit integer
-- returns: id integer, name text, object text, severity text, text text, raised_at integer, cleared_at integer null, acknowledged_at integer null, acknowledged_by text null
-- roles: control
SELECT id, name, object, severity, text, raised_at, cleared_at, acknowledged_at, acknowledged_by
FROM alarms
WHERE location = $1 AND cleared_at IS NULL
ORDER BY id
LIMIT $2;

-- Newest first, behind a number of an earlier page (NULL: from the newest on).
-- name: alarm_page
-- parameters: location text, before integer null, limit integer
-- returns: id integer, name text, object text, severity text, text text, raised_at integer, cleared_at integer null, acknowledged_at integer null, acknowledged_by text null
-- roles: control
SELECT id, name, object, severity, text, raised_at, cleared_at, acknowledged_at, acknowledged_by
FROM alarms
WHERE location = $1 AND id < coalesce($2, 9223372036854775807)
ORDER BY id DESC
LIMIT $3;

-- name: alarm_purge
-- parameters: location text, before integer
-- roles: control
DELETE FROM alarms WHERE location = $1 AND cleared_at < $2;
