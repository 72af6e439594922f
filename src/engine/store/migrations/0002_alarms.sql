-- What was wrong, by location and number; open: cleared_at is NULL. Times are µs since the epoch.
CREATE TABLE alarms (
    location TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    severity TEXT NOT NULL,
    text TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    cleared_at INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    PRIMARY KEY (location, id)
) WITHOUT ROWID;
CREATE INDEX alarms_open ON alarms (location, id) WHERE cleared_at IS NULL;
CREATE INDEX alarms_by_end ON alarms (location, cleared_at);

-- Number of the control that leads in a location: an earlier one writes nothing any more.
CREATE TABLE alarm_lead (
    location TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;
