-- Configuration objects, the transactions that changed them, and instances.

-- Outside transactions: for the first start, when nobody runs yet. expected_version 0: it must not exist yet.
-- name: object_put
-- parameters: kind text, name text, body text, expected_version integer, changed_at integer, changed_by text
-- changes: one
-- roles: config
INSERT INTO objects (kind, name, version, body, changed_at, changed_by)
SELECT $1, $2, $4 + 1, $3, $5, $6
WHERE $4 = 0 OR EXISTS (SELECT 1 FROM objects WHERE kind = $1 AND name = $2)
ON CONFLICT (kind, name) DO UPDATE
SET version = objects.version + 1, body = excluded.body, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by, deleted = 0
WHERE objects.version = $4 OR ($4 = 0 AND objects.deleted = 1);

-- name: object_get
-- parameters: kind text, name text
-- returns: version integer, body text, changed_at integer, changed_by text
-- roles: all
SELECT version, body, changed_at, changed_by FROM objects WHERE kind = $1 AND name = $2 AND deleted = 0;

-- In order of (kind, name), behind a given one (begin with two empty texts), of one kind or (NULL) of all.
-- name: object_list
-- parameters: kind text null, after_kind text, after_name text, limit integer
-- returns: kind text, name text, version integer, body text, changed_at integer, changed_by text
-- roles: all
SELECT kind, name, version, body, changed_at, changed_by
FROM objects
WHERE (kind = $1 OR $1 IS NULL) AND (kind, name) > ($2, $3) AND deleted = 0
ORDER BY kind, name
LIMIT $4;

-- What changed in a transaction or later, in order of (number, kind, name), behind a given one: for all changes after
-- number N begin with N + 1 and two empty texts. An object comes once, as it is now; the body of one that is deleted is
-- empty, its version is its last.
-- name: objects_changed_since
-- parameters: number integer, after_kind text, after_name text, limit integer
-- returns: number integer, kind text, name text, version integer, body text, deleted integer
-- roles: config
SELECT changed_in, kind, name, version, body, deleted
FROM objects
WHERE (changed_in, kind, name) > ($1, $2, $3)
ORDER BY changed_in, kind, name
LIMIT $4;

-- The number of the last transaction; 0: there was none.
-- name: change_last
-- returns: number integer
-- roles: config
SELECT coalesce(max(number), 0) FROM changes;

-- The steps of a transaction. Staging may take several requests; the others, from change_add on, run together in
-- one, in this order. Twice the same object in one transaction is refused (EXISTS).
-- name: change_stage_add
-- parameters: request text, kind text, name text, expected integer, body text null
-- roles: config
INSERT INTO change_stage (request, kind, name, expected, body) VALUES ($1, $2, $3, $4, $5);

-- Takes the number, or is refused because it is not the next one.
-- name: change_add
-- parameters: number integer, request text, changed_at integer, changed_by text, comment text, undoes integer null
-- changes: one
-- roles: config
INSERT INTO changes (number, request, changed_at, changed_by, comment, objects, undoes)
SELECT $1, $2, $3, $4, $5, 0, $6
WHERE $1 = (SELECT coalesce(max(number), 0) + 1 FROM changes);

-- Those of the stage whose object still is as expected.
-- name: change_objects_add
-- parameters: number integer, request text
-- roles: config
INSERT INTO change_objects (number, kind, name, version, body_before, body_after, whole)
SELECT $1, s.kind, s.name, coalesce(o.version, 0) + 1, CASE WHEN o.deleted = 0 THEN o.body END, s.body, 1
FROM change_stage AS s LEFT JOIN objects AS o ON o.kind = s.kind AND o.name = s.name
WHERE s.request = $2 AND s.expected = CASE WHEN o.deleted = 0 THEN o.version ELSE 0 END;

-- Were these all? Otherwise the transaction is refused.
-- name: change_complete
-- parameters: number integer, objects integer
-- changes: one
-- roles: config
UPDATE changes SET objects = $2
WHERE number = $1 AND $2 = (SELECT count(*) FROM change_objects WHERE number = $1);

-- name: change_apply
-- parameters: number integer
-- roles: config
INSERT INTO objects (kind, name, version, body, changed_at, changed_by, deleted, changed_in)
SELECT c.kind, c.name, c.version, coalesce(c.body_after, ''), t.changed_at, t.changed_by,
    CASE WHEN c.body_after IS NULL THEN 1 ELSE 0 END, c.number
FROM change_objects AS c JOIN changes AS t ON t.number = c.number
WHERE c.number = $1
ON CONFLICT (kind, name) DO UPDATE
SET version = excluded.version, body = excluded.body, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by, deleted = excluded.deleted, changed_in = excluded.changed_in;

-- What is staged is made, or was left behind by a writer that has gone.
-- name: change_stage_clear_all
-- roles: config
DELETE FROM change_stage;

-- After a doubt: which number did this request become?
-- name: change_find
-- parameters: request text
-- returns: number integer
-- roles: config
SELECT number FROM changes WHERE request = $1;

-- History, newest first, behind a cursor of an earlier page (NULL: from the newest on).
-- name: change_page
-- parameters: before integer null, limit integer
-- returns: number integer, changed_at integer, changed_by text, comment text, objects integer, undoes integer null
-- roles: config
SELECT number, changed_at, changed_by, comment, objects, undoes
FROM changes
WHERE number < coalesce($1, 9223372036854775807) AND objects > 0
ORDER BY number DESC
LIMIT $2;

-- The same of one object.
-- name: change_page_of
-- parameters: kind text, name text, before integer null, limit integer
-- returns: number integer, changed_at integer, changed_by text, comment text, objects integer, undoes integer null
-- roles: config
SELECT t.number, t.changed_at, t.changed_by, t.comment, t.objects, t.undoes
FROM change_objects AS c JOIN changes AS t ON t.number = c.number
WHERE c.kind = $1 AND c.name = $2 AND c.number < coalesce($3, 9223372036854775807)
ORDER BY c.number DESC
LIMIT $4;

-- The same of a kind.
-- name: change_page_of_kind
-- parameters: kind text, before integer null, limit integer
-- returns: number integer, changed_at integer, changed_by text, comment text, objects integer, undoes integer null
-- roles: config
SELECT number, changed_at, changed_by, comment, objects, undoes
FROM changes AS t
WHERE number < coalesce($2, 9223372036854775807) AND objects > 0
    AND EXISTS (SELECT 1 FROM change_objects AS c WHERE c.number = t.number AND c.kind = $1)
ORDER BY number DESC
LIMIT $3;

-- name: change_get
-- parameters: number integer
-- returns: number integer, changed_at integer, changed_by text, comment text, objects integer, undoes integer null
-- roles: config
SELECT number, changed_at, changed_by, comment, objects, undoes FROM changes WHERE number = $1 AND objects > 0;

-- What a transaction changed, in order of (kind, name), behind a given one (begin with two empty texts).
-- name: change_objects_of
-- parameters: number integer, after_kind text, after_name text, limit integer
-- returns: kind text, name text, version integer, body_before text null, body_after text null, whole integer
-- roles: config
SELECT kind, name, version, body_before, body_after, whole
FROM change_objects
WHERE number = $1 AND (kind, name) > ($2, $3)
ORDER BY kind, name
LIMIT $4;

-- Who changed this object last.
-- name: change_last_of
-- parameters: kind text, name text
-- returns: number integer, changed_at integer, changed_by text, comment text
-- roles: config
SELECT t.number, t.changed_at, t.changed_by, t.comment
FROM changes AS t JOIN change_objects AS c ON c.number = t.number
WHERE c.kind = $1 AND c.name = $2
ORDER BY c.number DESC
LIMIT 1;

-- name: incarnation_next
-- parameters: name text
-- returns: incarnation integer
-- roles: all
INSERT INTO instance (name, incarnation) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET incarnation = instance.incarnation + 1
RETURNING incarnation;
