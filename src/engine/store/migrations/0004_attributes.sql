-- What a call's first INVITE has said of it: a JSON object of texts, or NULL.
ALTER TABLE calls ADD COLUMN attributes TEXT;
