-- Each refresh of a registration moved its entry here, and nobody but the purge looks at it, once an hour.
-- least: 3
DROP INDEX bindings_by_expiry;
