-- Times are µs since the epoch.

-- Contacts of DNs; body is a wire Binding.
CREATE TABLE bindings (
    dn TEXT NOT NULL,
    contact TEXT NOT NULL,
    proxy TEXT NOT NULL,
    body BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (dn, contact)
) WITHOUT ROWID;
CREATE INDEX bindings_by_expiry ON bindings (expires_at);

-- History: one row a call, folded from the call streams. id grows with the order of storing and is the cursor of
-- pages; call_id is 16 hexadecimal digits; result is a wire CallResult.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL UNIQUE,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    from_dn TEXT NOT NULL,
    to_dn TEXT NOT NULL,
    result INTEGER NOT NULL,
    cause TEXT,
    node TEXT NOT NULL,
    location TEXT,
    sip_call_id TEXT
);
CREATE INDEX calls_by_from ON calls (from_dn, id);
CREATE INDEX calls_by_to ON calls (to_dn, id);
CREATE INDEX calls_open ON calls (node) WHERE ended_at IS NULL;

-- Up to which number the call stream of a node is folded into calls.
CREATE TABLE stream_position (
    node TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;

-- Configuration; body is JSON.
CREATE TABLE objects (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- Who changed what; body is what the object became, NULL: it was deleted.
CREATE TABLE object_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT
);
CREATE INDEX object_audit_by_object ON object_audit (kind, name, id);

-- How often each instance was started.
CREATE TABLE instance (
    name TEXT NOT NULL PRIMARY KEY,
    incarnation INTEGER NOT NULL
) WITHOUT ROWID;
