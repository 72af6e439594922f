/* Databases on the disk: newer, damaged, foreign, full, unwritable ones; unclean ends and commits in doubt.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/store/store_fixture.h"
#include "engine/store/store_int.h"
#include "unit.h"

static struct store_fixture f;
static char folder[64], path[96];

static int fresh(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, P_tmpdir "/tandem-store-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/store.db", folder);
    return 0;
}

static int gone(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char name[112];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return rmdir(folder);
}

static int opens(uint32_t pages)
{
    struct store_options options = {.path = path, .pages = pages};
    return store_open(&f.store, &options);
}

static void execute(const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void write_at(long at, const char *bytes, size_t length)
{
    int handle = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(pwrite(handle, bytes, length, at), length);
    close(handle);
}

#define SAYS(expected, ...) assert_string_equal(STORE_FIXTURE_ASK(&f, __VA_ARGS__), expected)

static void what_was_stored_is_there_again(void **state)
{
    (void)state;
    assert_int_equal(opens(0), 0);
    SAYS("+1", "stream_position_set", "tii", "node-1", 5LL, 0LL);
    store_fixture_end(&f);
    assert_int_equal(opens(0), 0);
    SAYS("5", "stream_position_get", "t", "node-1");
    struct store_fixture reader = {0};
    struct store_options options = {.path = path, .read_only = true};
    assert_int_equal(store_open(&reader.store, &options), 0);
    assert_string_equal(STORE_FIXTURE_ASK(&reader, "stream_position_get", "t", "node-1"), "5");
    SAYS("+1", "stream_position_set", "tii", "node-1", 6LL, 5LL);
    assert_string_equal(STORE_FIXTURE_ASK(&reader, "stream_position_get", "t", "node-1"), "6");
    assert_string_equal(
        STORE_FIXTURE_ASK(&reader, "stream_position_set", "tii", "node-1", 7LL, 6LL), "DENIED");
    store_fixture_end(&reader);
    store_fixture_end(&f);
}

static void newer_database_is_refused(void **state)
{
    (void)state;
    assert_int_equal(opens(0), 0);
    store_fixture_end(&f);
    execute("PRAGMA user_version = 9999");
    unit_expect_error("store.db: has version 9999, this program knows ");
    assert_int_equal(opens(0), ERROR_NEWER);
}

/* What changed before there were transactions is history as well, and versions go on. */
static void a_version_without_transactions_is_brought_up_to_date(void **state)
{
    (void)state;
    assert_int_equal(opens(0), 0);
    store_fixture_end(&f);
    execute("DROP TABLE changes; DROP TABLE change_objects; DROP TABLE change_stage; DROP INDEX "
            "objects_by_change;"
            "ALTER TABLE objects DROP COLUMN deleted; ALTER TABLE objects DROP COLUMN changed_in;"
            "CREATE TABLE object_audit (id INTEGER PRIMARY KEY AUTOINCREMENT, changed_at INTEGER NOT NULL,"
            "changed_by TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
            "version INTEGER NOT NULL, body TEXT);"
            "INSERT INTO objects VALUES ('dn', '1001', 2, '{2}', 11, 'ann');"
            "INSERT INTO object_audit VALUES (1, 10, 'ann', 'put', 'dn', '1001', 1, '{1}');"
            "INSERT INTO object_audit VALUES (2, 11, 'ann', 'put', 'dn', '1001', 2, '{2}');"
            "INSERT INTO object_audit VALUES (3, 12, 'bob', 'put', 'dn', '1002', 1, '{}');"
            "INSERT INTO object_audit VALUES (4, 13, 'bob', 'delete', 'dn', '1002', 1, NULL);"
            "ALTER TABLE calls DROP COLUMN attributes;"
            "CREATE INDEX bindings_by_expiry ON bindings (expires_at);"
            "PRAGMA user_version = 2");
    assert_int_equal(opens(0), 0);
    SAYS("4", "change_last", "");
    SAYS("dn 1001 2 {2} 11 ann", "object_list", "ttti", NULL, "", "", 10LL);
    SAYS("2 dn 1001 2 {2} 0;4 dn 1002 1  1", "objects_changed_since", "itti", 0LL, "", "", 10LL);
    SAYS("dn 1001 2 - {2} 0", "change_objects_of", "itti", 2LL, "", "", 10LL);
    SAYS("+1", "object_put", "tttiit", "dn", "1002", "{}", 0LL, 14LL, "ann");
    SAYS("2 {} 14 ann", "object_get", "tt", "dn", "1002");
    store_fixture_end(&f);
}

static void foreign_and_broken_files_are_refused(void **state)
{
    (void)state;
    write_at(0, "This is no database, only a text that is longer than a header would be. ............", 84);
    for (long at = 84; at < 2000; at += 84)
        write_at(
            at, "................................................................................    ", 84);
    unit_expect_error("store.db: is no database");
    assert_int_equal(opens(0), ERROR_CORRUPT);
    unlink(path);
    execute("CREATE TABLE recipes (name TEXT)");
    unit_expect_error("store.db: is the database of another program");
    assert_int_equal(opens(0), ERROR_CORRUPT);
}

/* Leaves a log behind, as a killed process does. */
static void die_while_open(void)
{
    pid_t child = fork();
    if (child == 0) {
        if (opens(0) != 0)
            _exit(1);
        STORE_FIXTURE_ASK(&f, "incarnation_next", "t", "x");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void damage_is_found_after_an_unclean_end(void **state)
{
    (void)state;
    char rubbish[4096];
    memset(rubbish, 0x5a, sizeof rubbish);
    assert_int_equal(opens(0), 0);
    for (long long i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "%lld", i);
        SAYS("+1", "object_put", "tttiit", "dn", name, "{\"a\": \"some body that fills pages\"}", 0LL, 10LL,
            "a");
    }
    store_fixture_end(&f);
    die_while_open();
    assert_int_equal(opens(0), 0);
    SAYS("+12", "incarnation_next", "t", "x"); /* nothing was lost */
    store_fixture_end(&f);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    die_while_open();
    write_at((about.st_size / 4096 - 2) * 4096, rubbish, sizeof rubbish);
    unit_expect_error("store.db: the check after an unclean end found:");
    assert_int_equal(opens(0), ERROR_CORRUPT);
}

static void full_disk_is_a_no_and_nothing_was_done(void **state)
{
    static char body[20001];
    (void)state;
    memset(body, 'x', sizeof body - 1);
    assert_int_equal(opens(40), 0);
    unit_expect_error("store.db: database or disk is full");
    long long stored = 0;
    char name[16];
    for (; stored < 100; stored++) {
        snprintf(name, sizeof name, "%04lld", stored);
        store_fixture_add(&f, "stream_position_set", "tii", "node-1", stored + 1, stored);
        store_fixture_add(&f, "change_stage_add", "tttit", name, "dn", name, 0LL, body);
        if (store_fixture_run(&f) != ANSWER_YES)
            break;
    }
    assert_int_equal(f.error, ERROR_DISK);
    assert_true(stored > 1 && stored < 100);
    snprintf(name, sizeof name, "%lld", stored);
    SAYS(name, "stream_position_get", "t", "node-1");
    snprintf(name, sizeof name, "%04lld", stored - 1);
    store_fixture_add(&f, "change_stage_clear_all", ""); /* room again */
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    SAYS("+1", "change_stage_add", "tttit", name, "dn", name, 0LL, body);
    store_fixture_end(&f);
}

static void unusable_places_are_said(void **state)
{
    (void)state;
    char below[128];
    struct store_options options = {.path = below};
    snprintf(below, sizeof below, "%s/none/store.db", folder);
    unit_expect_error("none/store.db: unable to open database file");
    assert_int_equal(store_open(&f.store, &options), ERROR_DISK);
    assert_int_equal(opens(0), 0);
    store_fixture_end(&f);
    unit_expect_error("store.db: database is locked");
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    struct store_options hasty = {.path = path, .busy_wait = 10};
    assert_int_equal(store_open(&f.store, &hasty), ERROR_BUSY);
    sqlite3_close(other);
}

static void another_writer_is_waited_for_and_then_busy(void **state)
{
    (void)state;
    struct store_options hasty = {.path = path, .busy_wait = 10};
    assert_int_equal(store_open(&f.store, &hasty), 0);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    SAYS("BUSY", "incarnation_next", "t", "x");
    SAYS("", "stream_position_get", "t", "x"); /* readers are not in the way */
    sqlite3_close(other);
    SAYS("+11", "incarnation_next", "t", "x");
    store_fixture_end(&f);
}

static int sync_fails(void *argument)
{
    return ++*(int *)argument == 2 ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static void failing_sync_of_a_commit_is_unknown(void **state)
{
    (void)state;
    int commits = 0;
    assert_int_equal(opens(0), 0);
    f.store->before_commit = sync_fails;
    f.store->before_commit_argument = &commits;
    SAYS("+11", "incarnation_next", "t", "x");
    unit_expect_error("store.db: ");
    store_fixture_add(&f, "incarnation_next", "t", "x");
    assert_int_equal(store_fixture_run(&f), ANSWER_UNKNOWN);
    assert_int_equal(f.error, ERROR_UNKNOWN);
    store_fixture_add(&f, "incarnation_next", "t", "x");
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    store_fixture_end(&f);
}

/* ---- commit in doubt: killed around COMMIT, again and again ---- */

#define ROUNDS 150

static int die(void *argument)
{
    (void)argument;
    _exit(0);
}

/* Stores records from where the position says, some a transaction, and dies before or after a COMMIT. */
static void store_until_death(unsigned round)
{
    if (opens(0) != 0)
        _exit(1);
    const char *text = STORE_FIXTURE_ASK(&f, "stream_position_get", "t", "node-1");
    long long position = strtoll(text, NULL, 10);
    for (unsigned transaction = 0;; transaction++) {
        char id[24];
        snprintf(id, sizeof id, "%lld", position + 1);
        store_fixture_add(&f, "call_created", "tittttt", id, position, "1", "2", "node-1", NULL, NULL);
        store_fixture_add(&f, "change_stage_add", "tttit", "a", "b", id, 1LL, NULL);
        store_fixture_add(&f, "stream_position_set", "tii", "node-1", position + 1, position);
        bool last = transaction == round % 3;
        if (last && round % 2 == 0)
            f.store->before_commit = die;
        if (store_fixture_run(&f) != ANSWER_YES)
            _exit(2);
        if (last)
            _exit(0); /* committed, and nobody was told */
        position++;
    }
}

static void commit_in_doubt_stores_each_record_once(void **state)
{
    (void)state;
    long long expected = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t child = fork();
        if (child == 0)
            store_until_death(round);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        expected += round % 3 + (round % 2 == 0 ? 0 : 1);
    }
    assert_int_equal(opens(0), 0);
    char text[64];
    snprintf(text, sizeof text, "%lld", expected);
    SAYS(text, "stream_position_get", "t", "node-1");
    sqlite3_stmt *counted;
    assert_int_equal(
        sqlite3_prepare_v2(f.store->database,
            "SELECT count(*), count(DISTINCT name), (SELECT count(*) FROM calls) FROM change_stage", -1,
            &counted, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(counted), SQLITE_ROW);
    for (int column = 0; column < 3; column++)
        assert_int_equal(sqlite3_column_int64(counted, column), expected);
    sqlite3_finalize(counted);
    store_fixture_end(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
TESTS("engine/store_file", TEST(what_was_stored_is_there_again), TEST(newer_database_is_refused),
    TEST(a_version_without_transactions_is_brought_up_to_date), TEST(foreign_and_broken_files_are_refused),
    TEST(damage_is_found_after_an_unclean_end), TEST(full_disk_is_a_no_and_nothing_was_done),
    TEST(unusable_places_are_said), TEST(another_writer_is_waited_for_and_then_busy),
    TEST(failing_sync_of_a_commit_is_unknown), TEST(commit_in_doubt_stores_each_record_once))
