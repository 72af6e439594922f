-- Configuration objects and instances.

-- expected_version 0: it must not exist yet.
-- name: object_put
-- parameters: kind text, name text, body text, expected_version integer, changed_at integer, changed_by text
-- changes: one
INSERT INTO objects (kind, name, version, body, changed_at, changed_by)
SELECT $1, $2, $4 + 1, $3, $5, $6
WHERE $4 = 0 OR EXISTS (SELECT 1 FROM objects WHERE kind = $1 AND name = $2)
ON CONFLICT (kind, name) DO UPDATE
SET version = excluded.version, body = excluded.body, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by
WHERE objects.version = $4;

-- name: object_get
-- parameters: kind text, name text
-- returns: version integer, body text, changed_at integer, changed_by text
SELECT version, body, changed_at, changed_by FROM objects WHERE kind = $1 AND name = $2;

-- In order of (kind, name), behind a given one (begin with two empty texts), of one kind or (NULL) of all.
-- name: object_list
-- parameters: kind text null, after_kind text, after_name text, limit integer
-- returns: kind text, name text, version integer, body text, changed_at integer, changed_by text
SELECT kind, name, version, body, changed_at, changed_by
FROM objects
WHERE (kind = $1 OR $1 IS NULL) AND (kind, name) > ($2, $3)
ORDER BY kind, name
LIMIT $4;

-- name: object_delete
-- parameters: kind text, name text, expected_version integer
-- changes: one
DELETE FROM objects WHERE kind = $1 AND name = $2 AND version = $3;

-- name: object_audit_add
-- parameters: changed_at integer, changed_by text, action text, kind text, name text, version integer, body text null
INSERT INTO object_audit (changed_at, changed_by, action, kind, name, version, body)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- Newest first, behind a cursor of an earlier page (NULL: from the newest on).
-- name: object_audit_page
-- parameters: before integer null, limit integer
-- returns: cursor integer, changed_at integer, changed_by text, action text, kind text, name text, version integer, body text null
SELECT id, changed_at, changed_by, action, kind, name, version, body
FROM object_audit
WHERE id < coalesce($1, 9223372036854775807)
ORDER BY id DESC
LIMIT $2;

-- name: incarnation_next
-- parameters: name text
-- returns: incarnation integer
INSERT INTO instance (name, incarnation) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET incarnation = instance.incarnation + 1
RETURNING incarnation;
