/* Bodies from outside: the first byte chooses the kind. What passes the check must be kept, shown, checked
 * again and built without a complaint. */
#include "config/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct kind *k, json_t *kept)
{
    struct object_complaint c = {0};
    struct slice password;
    struct buffer one = {0}, two = {0};
    int error;
    if (object_password(&password, k, kept))
        object_set_password(k, kept, SLICE("$argon2id$hash"));
    json_t *shown = object_show(k, kept, 1, true);
    json_t *second = object_check(&error, k, object_name(k, kept), shown, kept, &c);
    if (second == NULL)
        __builtin_trap();
    json_t *shown_again = object_show(k, second, 1, true);
    object_dump(&one, shown);
    object_dump(&two, shown_again);
    if (!slice_equal(buffer_slice(&one), buffer_slice(&two)))
        __builtin_trap();
    struct config_builder *b = config_builder_new();
    buffer_clear(&one);
    object_dump(&one, kept);
    if (object_build(b, &(struct object){k, object_name(k, kept), buffer_slice(&one), 1}) != 0)
        __builtin_trap();
    config_builder_free(b);
    json_decref(shown);
    json_decref(second);
    json_decref(shown_again);
    buffer_free(&one);
    buffer_free(&two);
    object_complaint_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct object_complaint c = {0};
    size_t at = size != 0 ? data[0] % 4 : 0;
    const struct kind *k = kind_next(&at);
    json_t *body = size != 0 ? object_parse(slice_of(data + 1, size - 1), &c) : NULL;
    int error = 0;
    json_t *kept = body != NULL ? object_check(&error, k, (struct slice){0}, body, NULL, &c) : NULL;
    if (kept == NULL && c.sentence.length == 0 && size != 0)
        __builtin_trap(); /* every refusal says why */
    if (kept != NULL)
        again(k, kept);
    json_decref(kept);
    json_decref(body);
    object_complaint_free(&c);
    return 0;
}
