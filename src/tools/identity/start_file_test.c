#include "tools/identity/start_file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "config/start/option.h"
#include "tools/file.h"
#include "unit.h"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void read_file(struct buffer *out, const char *path)
{
    struct buffer complaint = {0};
    buffer_clear(out);
    assert_int_equal(tools_file_read(out, path, &complaint), 0);
    buffer_free(&complaint);
}

/* SM-44: the start file can be used, secrets lie in files of their own, and the platform says nothing about
 * our disk. */
static void a_start_file_can_be_used(void **state)
{
    (void)state;
    char data[] = P_tmpdir "/tandem-test-XXXXXX", path[96], file[128];
    struct kept k;
    struct buffer complaint = {0}, text = {0};
    struct arena arena = {0};
    struct options o;
    struct stat about;
    bool made;
    assert_non_null(mkdtemp(data));
    assert_int_equal(kept_open(&k, slice_text(data), true, &complaint), 0);
    snprintf(path, sizeof path, "%s/tandem.toml", data);
    json_t *answer =
        parse("{\"start\":{\"cluster\":\"ours\",\"registry\":[\"https://192.0.2.1:2379\","
              "\"https://192.0.2.2:2379\"],\"bus\":[\"tls://192.0.2.1:4222\"],\"bus-user\":\"a \\\"b\\\"\","
              "\"store\":[\"192.0.2.1:5432\"],\"data\":\"/etc\",\"storefront\":\"x\",\"log\":\"debug\"}}");
    json_t *secrets =
        parse("{\"files\":{\"bus-password-file\":\"open sesame\\n\",\"../evil\":\"x\",\"log\":\"x\"}}");
    assert_int_equal(start_file_write(&made, path, &k, "host-2", answer, secrets, &complaint), 0);
    assert_true(made);
    read_file(&text, path);
    options_init(&o);
    if (options_file(&o, SLICE("f"), buffer_slice(&text), &arena, &complaint) != 0)
        fail_msg("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    assert_true(slice_equal(options_text(&o, OPTION_NAME), SLICE("host-2")));
    assert_true(slice_equal(options_text(&o, OPTION_CLUSTER), SLICE("ours")));
    assert_true(slice_equal(options_text(&o, OPTION_BUS_USER), SLICE("a \"b\"")));
    assert_int_equal(o.values[OPTION_REGISTRY].count, 2);
    assert_true(slice_equal(options_text(&o, OPTION_DATA), slice_text(k.data)));
    assert_true(slice_equal(options_text(&o, OPTION_KEY), slice_text(k.member)));
    assert_int_equal(slice_find_slice(buffer_slice(&text), SLICE("sesame")), -1);
    snprintf(file, sizeof file, "%s/bus-password", data);
    read_file(&text, file);
    assert_true(slice_equal(buffer_slice(&text), SLICE("open sesame\n")));
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    remove(file);
    remove(path);
    /* A platform in one process has nothing that another machine could use. */
    json_object_del(json_object_get(answer, "start"), "registry");
    assert_int_equal(start_file_write(&made, path, &k, "host-2", answer, secrets, &complaint), 0);
    assert_false(made);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(file, sizeof file, "%s/certificates", data);
    rmdir(file);
    assert_int_equal(rmdir(data), 0);
    json_decref(answer);
    json_decref(secrets);
    buffer_free(&text);
    buffer_free(&complaint);
    arena_free(&arena);
}

TESTS("tools/identity/start_file", cmocka_unit_test(a_start_file_can_be_used))
