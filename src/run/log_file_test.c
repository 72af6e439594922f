#include "run/log_file.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#include "unit.h"

#define DAY INT64_C(86400)
#define NOON INT64_C(1700049600) /* 2023-11-15 12:00:00 UTC */

static char folder[64];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, P_tmpdir "/tandem-log-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    char path[512];
    DIR *d = opendir(folder);
    (void)state;
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%.300s", folder, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    return rmdir(folder);
}

static unsigned files(void)
{
    unsigned count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static bool holds(const char *name, const char *wanted)
{
    char path[512], text[4096] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = '\0';
    return strcmp(text, wanted) == 0;
}

static struct log_file *log_open(const char *name, uint64_t size, int days)
{
    struct buffer path = {0}, why = {0};
    struct log_file *f = NULL;
    buffer_add_format(&path, "%s/%s", folder, name);
    assert_int_equal(log_file_open(&f, &(struct log_file_params){buffer_slice(&path), size, days}, &why), 0);
    buffer_free(&path);
    return f;
}

/* OPS-20: rotated by size and time; kept two weeks. */
static void files_are_rotated_by_size(void **state)
{
    (void)state;
    struct log_file *f = log_open("log", 20, 0);
    log_file_write(f, NOON, SLICE("123456789"));
    log_file_write(f, NOON, SLICE("abcdefghi"));
    log_file_write(f, NOON, SLICE("next"));
    assert_true(holds("log", "next\n"));
    assert_true(holds("log.20231115T120000Z", "123456789\nabcdefghi\n"));
    log_file_write(f, NOON, SLICE("0123456789012345678901234567890"));
    log_file_write(f, NOON, SLICE("last"));
    assert_true(holds("log", "last\n"));
    assert_int_equal(files(), 4); /* none of the same second was overwritten */
    log_file_close(f);
}

static void files_are_rotated_each_day_and_removed_after_a_while(void **state)
{
    (void)state;
    struct log_file *f = log_open("log", 0, 3);
    for (int day = 0; day < 10; day++) {
        char line[32];
        snprintf(line, sizeof line, "day %d", day);
        log_file_write(f, NOON + day * DAY, slice_text(line));
        log_file_write(f, NOON + day * DAY + 3600, slice_text(line));
    }
    assert_true(holds("log", "day 9\nday 9\n"));
    assert_int_equal(files(), 1 + 4);
    assert_true(holds("log.20231124T120000Z", "day 8\nday 8\n"));
    assert_false(holds("log.20231120T120000Z", "day 4\nday 4\n"));
    log_file_close(f);
}

static void what_has_another_name_stays(void **state)
{
    (void)state;
    static const char *const names[] = {
        "log.20200101T000000Z.gz", "log.2020", "logs.20200101T000000Z", "log.old"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        log_file_close(log_open(names[i], 0, 0));
    struct log_file *f = log_open("log.20200101T000000Z", 0, 0);
    log_file_close(f);
    assert_int_equal(files(), 5);
    f = log_open("log", 0, 0);
    assert_int_equal(files(), 5); /* the one that is old is gone, the new one is there */
    log_file_close(f);
}

static void a_file_for_each_room(void **state)
{
    (void)state;
    struct log_file *f = log_open("{room}.log", 0, 0);
    log_file_write(f, NOON, SLICE("2023-11-15T12:00:00.000000Z notice roles/config at=config-1: one"));
    log_file_write(f, NOON, SLICE("2023-11-15T12:00:00.000000Z notice proxy: two"));
    log_file_write(
        f, NOON, SLICE("{\"time\":\"x\",\"level\":\"notice\",\"room\":\"proxy\",\"text\":\"three\"}"));
    log_file_write(f, NOON, SLICE("{\"time\":\"x\""));
    log_file_write(f, NOON, SLICE("x y ../../evil: z"));
    assert_true(
        holds("roles-config.log", "2023-11-15T12:00:00.000000Z notice roles/config at=config-1: one\n"));
    assert_true(
        holds("proxy.log", "2023-11-15T12:00:00.000000Z notice proxy: two\n"
                           "{\"time\":\"x\",\"level\":\"notice\",\"room\":\"proxy\",\"text\":\"three\"}\n"));
    assert_true(holds("------evil.log", "x y ../../evil: z\n"));
    log_file_close(f);
}

static void an_earlier_life_is_gone_on_with(void **state)
{
    (void)state;
    struct log_file *f = log_open("log", 100, 0);
    int64_t now = (int64_t)time(NULL);
    log_file_write(f, now, SLICE("first"));
    log_file_close(f);
    f = log_open("log", 100, 0);
    log_file_write(f, now, SLICE("second"));
    assert_true(holds("log", "first\nsecond\n"));
    log_file_close(f);
}

static void a_file_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct buffer path = {0}, why = {0};
    struct log_file *f = NULL;
    buffer_add_format(&path, "%s/missing/log", folder);
    assert_int_equal(
        log_file_open(&f, &(struct log_file_params){.path = buffer_slice(&path)}, &why), ERROR_DISK);
    assert_true(
        slice_find_slice(buffer_slice(&why), SLICE("missing/log cannot be written: No such file")) >= 0);
    buffer_free(&path);
    buffer_free(&why);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TESTS("run/log_file", IN_FOLDER(files_are_rotated_by_size),
    IN_FOLDER(files_are_rotated_each_day_and_removed_after_a_while), IN_FOLDER(what_has_another_name_stays),
    IN_FOLDER(a_file_for_each_room), IN_FOLDER(an_earlier_life_is_gone_on_with),
    IN_FOLDER(a_file_that_cannot_be_is_refused))
