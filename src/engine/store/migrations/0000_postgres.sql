-- What PostgreSQL needs before the first version of the schema. It runs before each upgrade, so it may run again.

-- One row: the version of the schema, and the oldest program (by the version that it knows) that can work on it.
CREATE TABLE IF NOT EXISTS tandem_schema (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    version BIGINT NOT NULL,
    least BIGINT NOT NULL
);
INSERT INTO tandem_schema (version, least) VALUES (0, 0) ON CONFLICT DO NOTHING;
GRANT SELECT ON tandem_schema TO PUBLIC;

-- A statement that had to change a row and did not: the transaction is refused.
CREATE OR REPLACE FUNCTION tandem_conflict() RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nothing was changed' USING ERRCODE = 'TD001';
END $$;

-- Makes the partitions of calls for this month and the next three; whoever stores calls may have it done. Rows of
-- other times go to calls_rest. Months are those of UTC.
CREATE OR REPLACE FUNCTION tandem_partitions() RETURNS VOID LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    begins TIMESTAMP;
    name TEXT;
BEGIN
    FOR month IN 0..3 LOOP
        begins := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month);
        name := 'calls_' || to_char(begins, 'YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(1413566033);
            IF to_regclass(name) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF calls FOR VALUES FROM (%s) TO (%s)', name,
                    (extract(epoch FROM begins) * 1000000)::BIGINT,
                    (extract(epoch FROM begins + interval '1 month') * 1000000)::BIGINT);
            END IF;
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON FUNCTION tandem_partitions() FROM PUBLIC;
