#include "config/image.h"

#include <stdio.h>

#include "base/error.h"
#include "config/process.h"
#include "config/seal.h"

#include "unit.h"

#define KEY SLICE("0123456789abcdef0123456789abcdef")
#define OTHER SLICE("0123456789abcdef0123456789abcdeg")
#define COUNT 5000U

static const struct config_local local = {
    .secret_key = SLICE_INIT("0123456789abcdef0123456789abcdef"),
    .operator_token_sha256 = SLICE_INIT("token"),
};

static struct configuration *sample(unsigned count)
{
    struct configuration *c;
    struct config_builder *b = config_builder_new();
    struct slice listen[] = {SLICE_INIT("udp:127.0.0.1:5060"), SLICE_INIT("tcp:127.0.0.1:5060")};
    struct slice log[] = {SLICE_INIT("proxy=debug")};
    config_builder_local(b, &local);
    config_builder_number(b, 77);
    config_builder_cluster(b,
        &(struct config_cluster){.name = SLICE("cluster"), .phones = {true, 300, 30, 3000}, .log = {log, 1}});
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("r")});
    config_builder_location(b, &(struct config_location){.name = SLICE("away")});
    config_builder_application(b,
        &(struct config_application){
            .name = SLICE("proxy-1"), .role = CONFIG_ROLE_PROXY, .listen = {listen, 2}},
        SLICE("home"));
    config_builder_member(b,
        &(struct config_member){
            .name = SLICE("host-1"), .state = CONFIG_MEMBER_TRUSTED, .serial = SLICE("0f")},
        SLICE("away"));
    config_builder_person(
        b, &(struct config_person){
               .name = SLICE("ann"), .role = CONFIG_PERSON_SUPERVISOR, .password = SLICE("$argon2id$x")});
    for (unsigned i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", 100000 + i);
        config_builder_dn_row(b, &(struct config_dn){.number = slice_text(number), .name = SLICE("Phone")},
            i % 2 == 0 ? SLICE("home") : SLICE("away"), SLICE("n5Qw8rYt2LkJ"));
    }
    assert_int_equal(config_builder_end(&c, b, NULL), 0);
    return c;
}

static int put_h(void *argument, struct slice bytes)
{
    buffer_add(argument, bytes);
    return 0;
}

static struct buffer image_of(unsigned count)
{
    struct buffer out = {0};
    struct configuration *c = sample(count);
    assert_int_equal(config_image_write(c, KEY, put_h, &out), 0);
    config_release(c);
    return out;
}

/* CF-2: a process that starts from it has the same copy. */
static void what_was_written_is_read(void **state)
{
    (void)state;
    struct buffer image = image_of(COUNT), again = {0};
    struct configuration *c;
    assert_int_equal(config_image_read(&c, buffer_slice(&image), &local, NULL), 0);
    assert_int_equal(config_number(c), 77);
    assert_int_equal(config_dn_count(c), COUNT);
    const struct config_dn *dn = config_dn(c, SLICE("100001"));
    assert_ptr_equal(config_dn_location(c, dn), config_location(c, SLICE("away")));
    assert_true(config_location(c, SLICE("home"))->phones.sha256);
    assert_int_equal(config_application(c, SLICE("proxy-1"))->listen.count, 2);
    assert_true(config_member_admits(c, SLICE("host-1"), SLICE("0f")));
    assert_int_equal(config_person(c, SLICE("ann"))->role, CONFIG_PERSON_SUPERVISOR);
    assert_true(slice_equal(config_operator_token_sha256(c), SLICE("token")));
    struct configuration *original = sample(COUNT);
    assert_memory_equal(dn->ha1_sha256, config_dn(original, SLICE("100001"))->ha1_sha256, 32);
    config_release(original);
    /* written again it is the same; and it goes on: digests of its places are known to be right */
    assert_int_equal(config_image_write(c, KEY, put_h, &again), 0);
    assert_true(slice_equal(buffer_slice(&image), buffer_slice(&again)));
    struct config_builder *b = config_builder_from(c);
    assert_false(config_builder_stale(b));
    config_builder_free(b);
    config_release(c);
    buffer_free(&image);
    buffer_free(&again);
}

/* SEC-2: no secret, no digest and no name can be read in it. */
static void nothing_of_it_can_be_read_without_the_key(void **state)
{
    (void)state;
    struct buffer image = image_of(100), complaint = {0};
    struct configuration *c, *original = sample(1);
    const struct config_dn *dn = config_dn(original, SLICE("100000"));
    struct slice bytes = buffer_slice(&image);
    assert_int_equal(slice_find_slice(bytes, SLICE("n5Qw8rYt2LkJ")), -1);
    assert_int_equal(slice_find_slice(bytes, SLICE("argon2id")), -1);
    assert_int_equal(slice_find_slice(bytes, SLICE("100000")), -1);
    assert_int_equal(slice_find_slice(bytes, slice_of(dn->ha1_md5, 16)), -1);
    struct config_local other = local;
    other.secret_key = OTHER;
    assert_int_equal(config_image_read(&c, bytes, &other, &complaint), ERROR_DENIED);
    assert_true(slice_equal(
        buffer_slice(&complaint), SLICE("was sealed with another key than that of DATA/secret.key")));
    other.secret_key = SLICE("");
    assert_int_equal(config_image_read(&c, bytes, &other, NULL), ERROR_DENIED);
    assert_int_equal(config_image_write(original, SLICE(""), put_h, &image), ERROR_UNSUPPORTED);
    config_release(original);
    buffer_free(&complaint);
    buffer_free(&image);
}

static void damage_is_found(void **state)
{
    (void)state;
    struct buffer image = image_of(3), complaint = {0};
    struct configuration *c;
    for (size_t length = 0; length < image.length; length++)
        assert_int_not_equal(config_image_read(&c, slice_of(image.data, length), &local, NULL), 0);
    for (size_t i = 0; i < image.length; i++) {
        image.data[i] ^= 4;
        assert_int_not_equal(config_image_read(&c, buffer_slice(&image), &local, NULL), 0);
        image.data[i] ^= 4;
    }
    image.data[image.length - 1] ^= 4;
    assert_int_equal(config_image_read(&c, buffer_slice(&image), &local, &complaint), ERROR_CORRUPT);
    assert_true(slice_equal(buffer_slice(&complaint), SLICE("is damaged")));
    buffer_clear(&complaint);
    image.data[26] = '2';
    assert_int_equal(config_image_read(&c, buffer_slice(&image), &local, &complaint), ERROR_NEWER);
    buffer_free(&complaint);
    buffer_free(&image);
}

static int full_h(void *argument, struct slice bytes)
{
    size_t *room = argument;
    if (bytes.length > *room)
        return ERROR_DISK;
    *room -= bytes.length;
    return 0;
}

static void a_full_disk_ends_it(void **state)
{
    (void)state;
    struct configuration *c = sample(COUNT);
    size_t room = 200000;
    assert_int_equal(config_image_write(c, KEY, full_h, &room), ERROR_DISK);
    config_release(c);
}

TESTS("config/image", cmocka_unit_test(what_was_written_is_read),
    cmocka_unit_test(nothing_of_it_can_be_read_without_the_key), cmocka_unit_test(damage_is_found),
    cmocka_unit_test(a_full_disk_ends_it))
