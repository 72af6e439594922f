/* The file itself: rows, members, checksums. Whole backups are in test/program. */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/backup/backup.h"
#include "unit.h"

static void rows_come_back_as_they_were(void **state)
{
    struct database_value values[] = {{.kind = DATABASE_NUMBER, .number = INT64_MIN},
        {.kind = DATABASE_TEXT, .bytes = SLICE_INIT("a\"\\\n\xc3\xa4")},
        {.kind = DATABASE_TEXT, .bytes = SLICE_INIT("\xff no characters")},
        {.kind = DATABASE_BLOB, .bytes = SLICE_INIT("\0\x01\xff")}, {.kind = DATABASE_BLOB},
        {.kind = DATABASE_TEXT}, {.kind = DATABASE_NULL}};
    struct database_value read[7];
    struct buffer line = {.data = NULL};
    struct arena arena = {0};
    (void)state;
    assert_int_equal(backup__row_line(&line, values, 7), 0);
    assert_int_equal(line.data[line.length - 1], '\n');
    struct slice text = slice_first(buffer_slice(&line), line.length - 1);
    assert_int_equal(slice_find(text, '\n'), -1);
    assert_int_equal(backup__read_row(read, 7, text, &arena), 0);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(read[i].kind, values[i].kind);
        assert_true(read[i].number == values[i].number);
        assert_true(slice_equal(read[i].bytes, values[i].bytes));
    }
    assert_int_equal(backup__read_row(read, 6, text, &arena), ERROR_CORRUPT);
    buffer_free(&line);
    arena_free(&arena);
}

static void lines_that_are_no_rows_are_refused(void **state)
{
    static const char *const bad[] = {"", "{}", "[1", "[1.5]", "[true]", "[{}]", "[{\"bytes\":1}]",
        "[{\"bytes\":\"ab\"}]", "[{\"bytes\":\"ab!=\"}]", "[{\"bytes\":\"\",\"text\":\"\"}]", "[[1]]"};
    struct database_value value;
    struct arena arena = {0};
    struct database_table table = {.name = "calls"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (backup__read_row(&value, 1, slice_text(bad[i]), &arena) == 0)
            fail_msg("%s is taken for a row", bad[i]);
    assert_int_equal(backup__read_table(&table, SLICE("[\"id\",\"from_dn\"]")), 0);
    assert_int_equal(table.count, 2);
    assert_int_equal(backup__read_table(&table, SLICE("[\"id\\\"; DROP TABLE calls\"]")), ERROR_CORRUPT);
    assert_int_equal(backup__read_table(&table, SLICE("[]")), ERROR_CORRUPT);
    arena_free(&arena);
}

static void write_archive(const char *path)
{
    struct archive a;
    struct buffer complaint = {.data = NULL};
    assert_int_equal(archive_create(&a, path, &complaint), 0);
    assert_int_equal(archive_begin(&a, "tables/x.jsonl"), 0);
    assert_int_equal(archive_add(&a, SLICE("[\"id\"]\n[1]\n")), 0);
    assert_int_equal(archive_end(&a), 0);
    assert_int_equal(access(path, F_OK), -1); /* not before it is whole */
    assert_int_equal(backup__add_manifest(&a, 1, "sqlite"), 0);
    assert_int_equal(archive_finish(&a), 0);
    archive_close(&a);
    assert_int_equal(archive_create(&a, path, &complaint), ERROR_EXISTS);
    archive_close(&a);
    buffer_free(&complaint);
}

static int open_archive(const char *path)
{
    struct archive a;
    struct buffer complaint = {.data = NULL};
    unsigned schema = 0;
    int error = archive_open(&a, path, &complaint);
    if (error == 0)
        error = backup__check_manifest(&a, &schema, path, &complaint);
    assert_int_equal(error == 0, complaint.length == 0);
    archive_close(&a);
    buffer_free(&complaint);
    return error;
}

/* OPS-32: each byte counts. */
static void every_changed_byte_is_noticed(void **state)
{
    char folder[] = P_tmpdir "/tandem-backup-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.tar", folder);
    assert_int_equal(open_archive(path), ERROR_MISSING);
    write_archive(path);
    assert_int_equal(open_archive(path), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (long at = 512; at < 512 + 11; at++) { /* the rows; behind them is filling */
        fseek(file, at, SEEK_SET);
        int byte = getc(file);
        fseek(file, at, SEEK_SET);
        putc(byte ^ 1, file);
        fflush(file);
        assert_int_equal(open_archive(path), ERROR_CORRUPT);
        fseek(file, at, SEEK_SET);
        putc(byte, file);
        fflush(file);
    }
    assert_int_equal(open_archive(path), 0);
    fclose(file);
    assert_int_equal(truncate(path, 1024 + 700), 0);
    assert_int_equal(open_archive(path), ERROR_CORRUPT);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

TESTS("tools/backup", cmocka_unit_test(rows_come_back_as_they_were),
    cmocka_unit_test(lines_that_are_no_rows_are_refused), cmocka_unit_test(every_changed_byte_is_noticed))
