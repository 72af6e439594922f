-- History of calls, and how far it is folded.

-- Newest first, behind a cursor of an earlier page (NULL: from the newest on), of one DN or (NULL) of all.
-- name: history_page
-- parameters: dn text null, before integer null, limit integer
-- returns: cursor integer, call_id text, started_at integer, answered_at integer null, ended_at integer null, from_dn text, to_dn text, result integer, cause text null, node text, location text null, attributes text null
-- roles: session
SELECT id, call_id, started_at, answered_at, ended_at, from_dn, to_dn, result, cause, node, location, attributes
FROM calls
WHERE id IN (
    SELECT id FROM (
        SELECT id FROM calls WHERE $1 IS NULL AND id < coalesce($2, 9223372036854775807) ORDER BY id DESC LIMIT $3
    ) AS every
    UNION
    SELECT id FROM (
        SELECT id FROM calls WHERE from_dn = $1 AND id < coalesce($2, 9223372036854775807) ORDER BY id DESC LIMIT $3
    ) AS outgoing
    UNION
    SELECT id FROM (
        SELECT id FROM calls WHERE to_dn = $1 AND id < coalesce($2, 9223372036854775807) ORDER BY id DESC LIMIT $3
    ) AS incoming
)
ORDER BY id DESC
LIMIT $3;

-- A call that is there already stays as it is.
-- name: call_created
-- parameters: call_id text, started_at integer, from_dn text, to_dn text, node text, location text null, sip_call_id text null
-- roles: history
INSERT INTO calls (call_id, started_at, from_dn, to_dn, node, location, sip_call_id, result)
SELECT $1, $2, $3, $4, $5, $6, $7, 0 WHERE NOT EXISTS (SELECT 1 FROM calls WHERE call_id = $1)
ON CONFLICT DO NOTHING;

-- name: call_attributes
-- parameters: call_id text, attributes text
-- roles: history
UPDATE calls SET attributes = $2 WHERE call_id = $1 AND attributes IS NULL;

-- name: call_changed
-- parameters: call_id text, answered_at integer
-- roles: history
UPDATE calls SET answered_at = $2 WHERE call_id = $1 AND answered_at IS NULL AND ended_at IS NULL;

-- name: call_ended
-- parameters: call_id text, ended_at integer, result integer, cause text null
-- roles: history
UPDATE calls SET ended_at = $2, result = $3, cause = $4 WHERE call_id = $1 AND ended_at IS NULL;

-- Closes what a node that lost its memory had open: result is RESULT_LOST.
-- name: calls_lost
-- parameters: node text, ended_at integer, cause text
-- roles: history
UPDATE calls SET ended_at = $2, result = 7, cause = $3 WHERE node = $1 AND ended_at IS NULL;

-- name: stream_position_get
-- parameters: node text
-- returns: number integer
-- roles: history
SELECT number FROM stream_position WHERE node = $1;

-- name: stream_position_all
-- returns: node text, number integer
-- roles: history
SELECT node, number FROM stream_position ORDER BY node;

-- Only forward, and only from where the caller believes it is; 0 stands for a node that was never seen.
-- name: stream_position_set
-- parameters: node text, number integer, expected integer
-- changes: one
-- roles: history
INSERT INTO stream_position (node, number)
SELECT $1, $2 WHERE $2 > $3 AND ($3 = 0 OR EXISTS (SELECT 1 FROM stream_position WHERE node = $1))
ON CONFLICT (node) DO UPDATE
SET number = excluded.number WHERE stream_position.number = $3;

-- Oldest first, behind a cursor (0: from the first on), with the caller's leg: for checks.
-- name: history_audit
-- parameters: after integer, limit integer
-- returns: cursor integer, call_id text, sip_call_id text null, started_at integer, answered_at integer null, ended_at integer null, result integer, node text, cause text null
-- roles: history
SELECT id, call_id, sip_call_id, started_at, answered_at, ended_at, result, node, cause
FROM calls WHERE id > $1 ORDER BY id LIMIT $2;
