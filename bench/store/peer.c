/* peer ADDRESS PORT USER PASSWORD AUTHORITY MODE EVENTS: the same rows by bare libpq, without anything around
 * it. MODE pipeline: the three statements of each call, prepared, 2048 and a position in a transaction. MODE
 * copy: the finished rows by COPY, as text. Prints events (a finished row is three) per second of CPU and per
 * second. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(PGconn *c)
{
    fprintf(stderr, "peer: %s\n", PQerrorMessage(c));
    exit(2);
}

static void prepare(PGconn *c, const char *name, const char *sql)
{
    PGresult *r = PQprepare(c, name, sql, 0, NULL);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail(c);
    PQclear(r);
}

static void send_event(PGconn *c, unsigned long number, const char *call, const char *time)
{
    const char *created[] = {call, time, "1001", "1002", "peer", "home", "3c26701eb2f1-7sbd8w3x9qcf"};
    const char *changed[] = {call, time}, *ended[] = {call, time, "1", "normal"};
    int sent = number % 3 == 0   ? PQsendQueryPrepared(c, "created", 7, created, NULL, NULL, 0)
               : number % 3 == 1 ? PQsendQueryPrepared(c, "changed", 2, changed, NULL, NULL, 0)
                                 : PQsendQueryPrepared(c, "ended", 4, ended, NULL, NULL, 0);
    if (!sent)
        fail(c);
}

static void take(PGconn *c, unsigned results)
{
    for (unsigned i = 0; i < results; i++) {
        PGresult *r = PQgetResult(c);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            fail(c);
        PQclear(r);
        PQclear(PQgetResult(c));
    }
    PQclear(PQgetResult(c)); /* the sync */
}

static void pipeline(PGconn *c, unsigned long total)
{
    char call[24], time_text[24];
    PQenterPipelineMode(c);
    for (unsigned long at = 0; at < total;) {
        unsigned count = 0;
        for (; count < 2048 && at < total; count++, at++) {
            snprintf(call, sizeof call, "p%05x%010lx", (unsigned)getpid(), at / 3);
            snprintf(time_text, sizeof time_text, "%ld000000", (long)time(NULL));
            send_event(c, at, call, time_text);
        }
        PQpipelineSync(c);
        take(c, count);
    }
}

static void copy(PGconn *c, unsigned long total)
{
    char line[256];
    PGresult *r = PQexec(c,
        "COPY calls (call_id, started_at, answered_at, ended_at, from_dn, to_dn, result, cause, node, "
        "location, sip_call_id) FROM STDIN");
    if (PQresultStatus(r) != PGRES_COPY_IN)
        fail(c);
    PQclear(r);
    long now = (long)time(NULL);
    for (unsigned long at = 0; at < total / 3; at++) {
        int length = snprintf(line, sizeof line,
            "c%05x%010lx\t%ld000000\t%ld000000\t%ld000000\t1001\t1002\t1\tnormal\tpeer\thome\t3c26701eb2f1-"
            "7sbd8w3x9qcf\n",
            (unsigned)getpid(), at, now, now, now);
        if (PQputCopyData(c, line, length) != 1)
            fail(c);
    }
    if (PQputCopyEnd(c, NULL) != 1)
        fail(c);
    PQclear(PQgetResult(c));
    PQclear(PQgetResult(c));
}

int main(int argc, char **argv)
{
    if (argc != 8)
        return 2;
    const char *names[] = {
        "host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", NULL};
    const char *values[] = {
        argv[1], argv[2], argv[3], argv[4], "tandem", "verify-full", argv[5], "/nonexistent", NULL};
    PGconn *c = PQconnectdbParams(names, values, 0);
    if (PQstatus(c) != CONNECTION_OK)
        fail(c);
    prepare(c, "created",
        "INSERT INTO calls (call_id, started_at, from_dn, to_dn, node, location, sip_call_id, result) "
        "SELECT $1, $2, $3, $4, $5, $6, $7, 0 WHERE NOT EXISTS (SELECT 1 FROM calls WHERE call_id = $1) "
        "ON CONFLICT DO NOTHING");
    prepare(c, "changed",
        "UPDATE calls SET answered_at = $2 WHERE call_id = $1 AND answered_at IS NULL AND ended_at IS NULL");
    prepare(c, "ended",
        "UPDATE calls SET ended_at = $2, result = $3, cause = $4 WHERE call_id = $1 AND ended_at IS NULL");
    unsigned long total = strtoul(argv[7], NULL, 10);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    if (strcmp(argv[6], "copy") == 0)
        copy(c, total);
    else
        pipeline(c, total);
    printf("%.0f %.0f\n", (double)total / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu),
        (double)total / (seconds(CLOCK_MONOTONIC) - wall));
    PQfinish(c);
    return 0;
}
