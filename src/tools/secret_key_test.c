#include "tools/secret_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#include "unit.h"

static char data[64], path[100];

static int setup(void **state)
{
    (void)state;
    strcpy(data, P_tmpdir "/tandem-test-XXXXXX");
    if (mkdtemp(data) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/secret.key", data);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove(path);
    return rmdir(data);
}

static void random_h(void *bytes, size_t length)
{
    static unsigned char next;
    for (size_t i = 0; i < length; i++)
        ((unsigned char *)bytes)[i] = next += 7;
}

static int prepare(uint8_t key[SECRET_KEY], struct buffer *complaint)
{
    buffer_clear(complaint);
    return secret_key_prepare(key, slice_text(data), random_h, complaint);
}

/* SEC-2: made once, kept, and nobody else's business. */
static void is_made_once_and_private(void **state)
{
    (void)state;
    uint8_t one[SECRET_KEY], two[SECRET_KEY];
    struct buffer complaint = {0};
    struct stat about;
    assert_int_equal(secret_key_read(one, slice_text(data), &complaint), ERROR_MISSING);
    assert_int_equal(prepare(one, &complaint), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(prepare(two, &complaint), 0);
    assert_memory_equal(one, two, SECRET_KEY);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(prepare(two, &complaint), ERROR_DENIED);
    assert_true(slice_find_slice(buffer_slice(&complaint), SLICE("600")) > 0);
    buffer_free(&complaint);
}

static void a_damaged_one_is_not_made_anew(void **state)
{
    (void)state;
    uint8_t key[SECRET_KEY];
    struct buffer complaint = {0};
    assert_int_equal(prepare(key, &complaint), 0);
    assert_int_equal(truncate(path, 60), 0);
    assert_int_equal(prepare(key, &complaint), ERROR_SYNTAX);
    assert_true(slice_find_slice(buffer_slice(&complaint), SLICE("is no key")) > 0);
    assert_int_equal(secret_key_write(key, slice_text(data), &complaint), ERROR_SYNTAX);
    buffer_free(&complaint);
}

/* Who joins gets the key of the cluster, and does not lose another one. */
static void is_taken_over_when_there_is_none(void **state)
{
    (void)state;
    uint8_t key[SECRET_KEY] = {1, 2, 3}, other[SECRET_KEY] = {1, 2, 4}, read[SECRET_KEY];
    struct buffer complaint = {0};
    assert_int_equal(secret_key_write(key, slice_text(data), &complaint), 0);
    assert_int_equal(secret_key_write(key, slice_text(data), &complaint), 0);
    assert_int_equal(secret_key_write(other, slice_text(data), &complaint), ERROR_EXISTS);
    assert_int_equal(secret_key_read(read, slice_text(data), &complaint), 0);
    assert_memory_equal(read, key, SECRET_KEY);
    buffer_free(&complaint);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TESTS("tools/secret_key", TEST(is_made_once_and_private), TEST(a_damaged_one_is_not_made_anew),
    TEST(is_taken_over_when_there_is_none))
