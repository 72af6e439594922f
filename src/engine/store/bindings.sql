-- Registrations.

-- name: binding_put
-- parameters: dn text, contact text, proxy text, body blob, expires_at integer
-- roles: proxy
INSERT INTO bindings (dn, contact, proxy, body, expires_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (dn, contact) DO UPDATE
SET proxy = excluded.proxy, body = excluded.body, expires_at = excluded.expires_at;

-- name: binding_delete
-- parameters: dn text, contact text
-- roles: proxy
DELETE FROM bindings WHERE dn = $1 AND contact = $2;

-- Those that expire after `now`, in order of (dn, contact), behind a given one; begin with two empty texts.
-- name: binding_all
-- parameters: now integer, after_dn text, after_contact text, limit integer
-- returns: dn text, contact text, proxy text, body blob, expires_at integer
-- roles: proxy
SELECT dn, contact, proxy, body, expires_at
FROM bindings
WHERE expires_at > $1 AND (dn, contact) > ($2, $3)
ORDER BY dn, contact
LIMIT $4;

-- name: binding_purge
-- parameters: now integer
-- roles: proxy
DELETE FROM bindings WHERE expires_at <= $1;
