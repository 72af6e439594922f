-- The configuration is changed in transactions that have numbers. An older program would change objects without one.
-- least: 3

-- Numbers grow by one: whoever takes the next one is the one who changes something. `request` is how the writer finds
-- its own again after a doubt; `objects` is how many were changed (0: the number was taken to settle a doubt).
CREATE TABLE changes (
    number INTEGER NOT NULL PRIMARY KEY,
    request TEXT NOT NULL UNIQUE,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    comment TEXT NOT NULL,
    objects INTEGER NOT NULL,
    undoes INTEGER
);

-- What each transaction made of each object; a body of NULL: it was not there. `whole` 0: kept by version 1, without
-- secrets and what was before, so that it cannot be undone.
CREATE TABLE change_objects (
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body_before TEXT,
    body_after TEXT,
    whole INTEGER NOT NULL,
    PRIMARY KEY (number, kind, name)
) WITHOUT ROWID;
CREATE INDEX change_objects_by_object ON change_objects (kind, name, number);

-- A transaction gathers here before it is made at once; `expected` is the version that is replaced, 0: none.
CREATE TABLE change_stage (
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    expected INTEGER NOT NULL,
    body TEXT,
    PRIMARY KEY (request, kind, name)
) WITHOUT ROWID;

-- An object that was deleted stays, so that its versions never begin anew.
ALTER TABLE objects ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE objects ADD COLUMN changed_in INTEGER NOT NULL DEFAULT 0;
CREATE INDEX objects_by_change ON objects (changed_in, kind, name);

INSERT INTO changes (number, request, changed_at, changed_by, comment, objects)
SELECT id, 'version-1-' || id, changed_at, changed_by, '', 1 FROM object_audit;
INSERT INTO change_objects (number, kind, name, version, body_after, whole)
SELECT id, kind, name, version, body, 0 FROM object_audit;
INSERT INTO objects (kind, name, version, body, changed_at, changed_by, deleted, changed_in)
SELECT kind, name, version, '', changed_at, changed_by, 1, id
FROM object_audit AS a
WHERE action = 'delete' AND id = (SELECT max(id) FROM object_audit AS b WHERE b.kind = a.kind AND b.name = a.name)
    AND NOT EXISTS (SELECT 1 FROM objects AS o WHERE o.kind = a.kind AND o.name = a.name);
UPDATE objects
SET changed_in = (SELECT coalesce(max(id), 0) FROM object_audit AS a WHERE a.kind = objects.kind AND a.name = objects.name)
WHERE deleted = 0;
DROP TABLE object_audit;
