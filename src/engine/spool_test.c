#include "engine/spool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/crc32c.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define NODE SLICE("node-1a")
#define CALL SLICE("call")
#define FILE_NAME "node-1a.call.00000000000000000001"
#define RECORDS 20U

static struct arena arena;
static int last_error;

static Tandem__SpoolAnswer *ask(struct spool *s, bool read, uint64_t from, uint32_t limit, uint64_t trim)
{
    Tandem__SpoolRequest m = TANDEM__SPOOL_REQUEST__INIT;
    struct buffer request = {0}, bytes = {0};
    m.stream = (char *)(uintptr_t) "call";
    m.has_read_from = read;
    m.read_from = from;
    m.has_read_bytes = limit != 0;
    m.read_bytes = limit;
    m.has_trim_to = trim != 0;
    m.trim_to = trim;
    pack_add(&request, &m.base);
    enum answer answer = spool_ask(&bytes, &last_error, s, NODE, buffer_slice(&request));
    arena_reset(&arena);
    Tandem__SpoolAnswer *a = answer == ANSWER_YES
                                 ? pack_read(&tandem__spool_answer__descriptor, buffer_slice(&bytes), &arena)
                                 : NULL;
    buffer_free(&request);
    buffer_free(&bytes);
    return a;
}

/* What record `number` holds: its length and content differ from those of the others. */
static struct slice content(uint64_t number)
{
    static char text[64];
    memset(text, 'a' + (int)(number % 26), sizeof text);
    return slice_of(text, number * 7 % sizeof text);
}

static int append(struct spool *s, uint64_t number)
{
    return spool_append(s, NODE, CALL, number, content(number));
}

static void fill(struct spool *s, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++)
        assert_int_equal(append(s, n), 0);
}

/* Reads everything and checks that it is first..last without gap and with the right content. */
static void holds(struct spool *s, uint64_t first, uint64_t last, uint32_t limit)
{
    uint64_t next = first;
    for (;;) {
        Tandem__SpoolAnswer *a = ask(s, true, next, limit, 0);
        assert_non_null(a);
        assert_int_equal(a->first, first);
        assert_int_equal(a->last, last);
        if (a->n_records == 0)
            break;
        for (size_t i = 0; i < a->n_records; i++, next++) {
            assert_int_equal(a->records[i]->number, next);
            assert_true(slice_equal(pack_slice(a->records[i]->bytes), content(next)));
        }
    }
    assert_int_equal(next, last + 1);
}

static void done(struct spool *s, struct files *f)
{
    spool_close(s);
    files_close(f);
    arena_free(&arena);
}

static void known_check_value(void **state)
{
    (void)state;
    assert_int_equal(crc32c(SLICE("123456789")), 0xe3069283U); /* RFC 3720 B.4's polynomial, usual check */
    char zeroes[32] = {0};
    assert_int_equal(crc32c(slice_of(zeroes, sizeof zeroes)), 0x8a9136aaU); /* RFC 3720 B.4 */
}

static void doubles_are_ignored(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    Tandem__SpoolAnswer *a = ask(s, true, 1, 0, 0);
    assert_true(a->first == 0 && a->last == 0 && a->n_records == 0);
    fill(s, 1, 5);
    assert_int_equal(append(s, 3), 0);
    assert_int_equal(append(s, 5), 0);
    assert_int_equal(append(s, 0), ERROR_RANGE);
    holds(s, 1, 5, 0);
    fill(s, 6, 7);
    holds(s, 1, 7, 1); /* one record an answer */
    assert_int_equal(ask(s, true, 4, 30, 0)->records[0]->number, 4);
    done(s, f);
}

static void streams_and_instances_are_apart(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    struct buffer names = {0};
    (void)state;
    assert_int_equal(spool_append(s, SLICE("a.b"), SLICE("c"), 1, SLICE("x")), 0);
    assert_int_equal(spool_append(s, SLICE("a"), SLICE("b.c"), 5, SLICE("y")), 0);
    assert_int_equal(spool_append(s, SLICE("a/.."), SLICE("c"), 1, SLICE("z")), 0);
    assert_int_equal(spool_append(s, SLICE(""), SLICE("c"), 1, SLICE("z")), ERROR_LIMIT);
    assert_int_equal(files_list(&names, f, SLICE("")), 0);
    static const char expected[] = "a%2eb.c.00000000000000000001\0a%2f%2e%2e.c.00000000000000000001\0"
                                   "a.b%2ec.00000000000000000005";
    assert_int_equal(names.length, sizeof expected);
    assert_memory_equal(names.data, expected, sizeof expected);
    buffer_free(&names);
    done(s, f);
}

static void numbering_goes_on_after_a_restart(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    fill(s, 10, 14); /* the first number is the caller's choice */
    spool_close(s);
    s = spool_open(f);
    assert_int_equal(ask(s, false, 0, 0, 0)->last, 14);
    assert_int_equal(append(s, 12), 0);
    fill(s, 15, 16);
    holds(s, 10, 16, 0);
    done(s, f);
}

/* Whatever byte the machine stopped at: what was whole is there, the rest is cut, and numbering goes on. */
static void torn_tail_is_cut_at_every_byte(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    size_t whole;
    (void)state;
    fill(s, 1, RECORDS);
    spool_close(s);
    char *bytes = files_memory_bytes(f, SLICE(FILE_NAME), &whole);
    char *copy = mem_copy(bytes, whole);
    files_close(f);
    uint64_t kept = 0;
    size_t end = 16 + content(1).length;
    for (size_t length = 0; length <= whole; length++) {
        if (length == end) {
            kept++;
            end += 16 + content(kept + 1).length;
        }
        f = files_open_memory();
        struct file *file;
        assert_int_equal(files_open(&file, f, SLICE(FILE_NAME), true), 0);
        assert_int_equal(files_append(file, slice_of(copy, length)), 0);
        files_release(file);
        s = spool_open(f);
        if (kept != 0)
            holds(s, 1, kept, 0);
        fill(s, kept + 1, RECORDS + 3);
        holds(s, 1, RECORDS + 3, 0);
        done(s, f);
    }
    assert_int_equal(kept, RECORDS);
    mem_free(copy);
}

static void damaged_byte_is_found_wherever_it_is(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    size_t whole, again;
    (void)state;
    fill(s, 1, RECORDS);
    spool_close(s);
    char *bytes = files_memory_bytes(f, SLICE(FILE_NAME), &whole);
    size_t last_begins = whole - 16 - content(RECORDS).length;
    unit_expect_error(FILE_NAME " is damaged at byte");
    for (size_t at = 0; at < whole; at++) {
        bytes[at] ^= 0x20;
        s = spool_open(f);
        if (at < last_begins) { /* good records follow: nothing is lost silently */
            assert_null(ask(s, true, 1, 0, 0));
            assert_int_equal(last_error, ERROR_CORRUPT);
            assert_int_equal(append(s, RECORDS + 1), ERROR_CORRUPT);
            bytes = files_memory_bytes(f, SLICE(FILE_NAME), &again);
            assert_int_equal(again, whole);
            spool_close(s);
            bytes[at] ^= 0x20;
            continue;
        }
        holds(s, 1, RECORDS - 1, 0); /* the last one: a torn tail */
        fill(s, RECORDS, RECORDS);
        spool_close(s);
        bytes = files_memory_bytes(f, SLICE(FILE_NAME), &again);
        assert_int_equal(again, whole);
    }
    files_close(f);
    arena_free(&arena);
}

static void crashes_lose_only_what_was_not_synced(void **state)
{
    struct files *f = files_open_memory();
    uint64_t last = 0;
    (void)state;
    for (uint64_t round = 0; round < 500; round++) {
        struct spool *s = spool_open(f);
        uint64_t synced = last;
        for (uint64_t i = 0; i < 1 + round % 5; i++)
            assert_int_equal(append(s, ++last), 0);
        if (round % 2 == 0) {
            struct spool_sync *sync = spool_sync_begin(s);
            assert_non_null(sync);
            assert_null(spool_sync_begin(s));
            spool_sync_run(sync);
            assert_int_equal(spool_sync_end(s, sync), 0);
            synced = last;
            assert_int_equal(append(s, ++last), 0);
        }
        spool_close(s);
        files_memory_crash(f, round * 31 + 7);
        s = spool_open(f);
        uint64_t found = ask(s, false, 0, 0, 0)->last;
        assert_true(found >= synced && found <= last);
        last = found;
        if (last != 0)
            holds(s, 1, last, 0);
        spool_close(s);
    }
    files_close(f);
    arena_free(&arena);
}

/* Records of 1 MiB less a bit: sixteen a file. */
static void append_large(struct spool *s, uint64_t number)
{
    char *large = mem_alloc(SPOOL_RECORD);
    memset(large, (int)number, SPOOL_RECORD);
    assert_int_equal(spool_append(s, NODE, CALL, number, slice_of(large, SPOOL_RECORD - 100)), 0);
    mem_free(large);
}

static void whole_segments_are_trimmed(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    for (uint64_t n = 1; n <= 40; n++)
        append_large(s, n);
    Tandem__SpoolAnswer *a = ask(s, true, 20, 0, 15); /* 15 is in the first file, with 16 */
    assert_int_equal(a->first, 1);
    assert_int_equal(a->last, 40);
    assert_int_equal(a->n_records, 1);
    assert_int_equal(a->records[0]->number, 20);
    assert_int_equal(a->records[0]->bytes.data[0], 20);
    assert_int_equal(ask(s, false, 0, 0, 16)->first, 17);
    a = ask(s, true, 3, 0, 0); /* forgotten: what comes next */
    assert_int_equal(a->records[0]->number, 17);
    spool_close(s);
    s = spool_open(f);
    a = ask(s, true, 18, 0, 0); /* an older file, walked through at its first use */
    assert_int_equal(a->first, 17);
    assert_int_equal(a->records[0]->number, 18);
    assert_int_equal(ask(s, false, 0, 0, 40)->first, 33); /* the last file stays: it knows the number */
    assert_int_equal(ask(s, false, 0, 0, 0)->last, 40);
    done(s, f);
}

static void stream_goes_on_behind_a_trim_past_its_end(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    fill(s, 1, 5);
    Tandem__SpoolAnswer *a = ask(s, true, 1, 0, 100);
    assert_true(a->first == 101 && a->last == 100 && a->n_records == 0);
    assert_int_equal(append(s, 100), 0);
    spool_close(s);
    s = spool_open(f);
    assert_int_equal(ask(s, false, 0, 0, 0)->last, 100);
    fill(s, 101, 105);
    holds(s, 101, 105, 0);
    done(s, f);
}

static void numbers(struct spool *s, uint64_t from, const char *expected)
{
    char text[200] = "";
    size_t length = 0;
    for (;;) {
        Tandem__SpoolAnswer *a = ask(s, true, from, 0, 0);
        assert_non_null(a);
        if (a->n_records == 0)
            break;
        for (size_t i = 0; i < a->n_records; i++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%llu ",
                (unsigned long long)(from = a->records[i]->number));
        from++;
    }
    assert_string_equal(text, expected);
}

/* A new life of the writer begins at a higher number; what was before stays until it is trimmed. */
static void numbers_may_jump(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    fill(s, 1, 3);
    fill(s, 1001, 1002);
    fill(s, 2001, 2001);
    assert_int_equal(append(s, 900), 0);
    numbers(s, 1, "1 2 3 1001 1002 2001 ");
    numbers(s, 500, "1001 1002 2001 ");
    spool_close(s);
    struct file *file; /* the next life died before its first record */
    assert_int_equal(files_open(&file, f, SLICE("node-1a.call.00000000000000003001"), true), 0);
    files_release(file);
    s = spool_open(f);
    numbers(s, 2, "2 3 1001 1002 2001 ");
    assert_int_equal(ask(s, false, 0, 0, 0)->last, 3000);
    fill(s, 3001, 3002);
    numbers(s, 1002, "1002 2001 3001 3002 ");
    assert_int_equal(ask(s, false, 0, 0, 1002)->first, 1001); /* a file goes when the next one is needed */
    assert_int_equal(ask(s, false, 0, 0, 2001)->first, 2001);
    numbers(s, 1, "2001 3001 3002 ");
    done(s, f);
}

static void damaged_older_file_is_named(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    size_t length;
    (void)state;
    for (uint64_t n = 1; n <= 20; n++)
        append_large(s, n);
    spool_close(s);
    files_memory_bytes(f, SLICE(FILE_NAME), &length)[length - 1] ^= 1;
    unit_expect_error(FILE_NAME " is damaged at byte");
    s = spool_open(f);
    assert_int_equal(ask(s, true, 18, 0, 0)->records[0]->number, 18);
    assert_null(ask(s, true, 1, 0, 0));
    assert_int_equal(last_error, ERROR_CORRUPT);
    done(s, f);
}

static void a_start_asks_before_anything_is_appended(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    size_t length;
    (void)state;
    fill(s, 1, RECORDS);
    spool_close(s);
    assert_int_equal(spool_check(f), 0);
    char *bytes = files_memory_bytes(f, SLICE(FILE_NAME), &length);
    bytes[length - 1] ^= 1; /* a torn tail is no damage */
    assert_int_equal(spool_check(f), 0);
    bytes[40] ^= 1;
    unit_expect_error(FILE_NAME " is damaged at byte");
    assert_int_equal(spool_check(f), ERROR_CORRUPT);
    files_close(f);
}

static void full_disk_loses_nothing_that_was_accepted(void **state)
{
    struct files *f = files_open_memory();
    struct spool *s = spool_open(f);
    (void)state;
    fill(s, 1, 5);
    unit_expect_error("writing of " FILE_NAME " failed: No space");
    files_memory_limit(f, 1);
    assert_int_equal(append(s, 6), ERROR_DISK);
    assert_int_equal(append(s, 7), ERROR_RANGE);
    assert_int_equal(append(s, 6), ERROR_DISK);
    files_memory_limit(f, 0);
    assert_int_equal(append(s, 7), ERROR_RANGE); /* no hole: 6 comes first */
    fill(s, 6, 8);
    holds(s, 1, 8, 0);
    unit_expect_error("syncing of " FILE_NAME);
    files_memory_fail(f, FILES_FAULT_SYNC, 1);
    struct spool_sync *sync = spool_sync_begin(s);
    spool_sync_run(sync);
    assert_int_equal(spool_sync_end(s, sync), ERROR_DISK);
    sync = spool_sync_begin(s); /* taken again */
    assert_non_null(sync);
    spool_sync_run(sync);
    assert_int_equal(spool_sync_end(s, sync), 0);
    unit_expect_error("reading of " FILE_NAME);
    files_memory_fail(f, FILES_FAULT_READ, 1);
    assert_null(ask(s, true, 1, 0, 0));
    assert_int_equal(last_error, ERROR_DISK);
    holds(s, 1, 8, 0);
    done(s, f);
}

static void works_on_a_real_folder(void **state)
{
    char folder[] = P_tmpdir "/tandem-spool-XXXXXX";
    struct files *f, *other;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(files_open_real(&f, folder), 0);
    unit_expect_error("is in use by another process");
    assert_int_equal(files_open_real(&other, folder), ERROR_BUSY);
    struct spool *s = spool_open(f);
    fill(s, 1, 100);
    struct spool_sync *sync = spool_sync_begin(s);
    spool_sync_run(sync);
    assert_int_equal(spool_sync_end(s, sync), 0);
    spool_close(s);
    char path[64];
    snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(truncate(path, about.st_size - 3), 0);
    s = spool_open(f);
    holds(s, 1, 99, 0);
    fill(s, 100, 101);
    holds(s, 1, 101, 0);
    assert_int_equal(ask(s, false, 0, 0, 500)->last, 500);
    spool_close(s);
    assert_int_equal(files_remove(f, SLICE("node-1a.call.00000000000000000501")), 0);
    files_close(f);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left behind */
    unit_expect_error("cannot be made");
    assert_int_equal(files_open_real(&f, "/proc/none/none"), ERROR_DISK);
    arena_free(&arena);
}

TESTS("engine/spool", /* first: the place that logs says it only so often */
    cmocka_unit_test(a_start_asks_before_anything_is_appended), cmocka_unit_test(known_check_value),
    cmocka_unit_test(doubles_are_ignored), cmocka_unit_test(streams_and_instances_are_apart),
    cmocka_unit_test(numbering_goes_on_after_a_restart), cmocka_unit_test(torn_tail_is_cut_at_every_byte),
    cmocka_unit_test(damaged_byte_is_found_wherever_it_is),
    cmocka_unit_test(crashes_lose_only_what_was_not_synced), cmocka_unit_test(whole_segments_are_trimmed),
    cmocka_unit_test(stream_goes_on_behind_a_trim_past_its_end), cmocka_unit_test(numbers_may_jump),
    cmocka_unit_test(damaged_older_file_is_named),
    cmocka_unit_test(full_disk_loses_nothing_that_was_accepted), cmocka_unit_test(works_on_a_real_folder))
