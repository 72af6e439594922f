#include "config/config_fixture.h"

#include "unit.h"

static void add_kind(struct config_builder *b, const struct catalogue *c, const struct kind *k)
{
    const struct object *one;
    struct slice after = {0};
    while (catalogue_list(&one, 1, c, k, after) == 1) {
        assert_int_equal(object_build(b, one), 0);
        after = one->name;
    }
}

struct configuration *config_fixture_build(const struct catalogue *c)
{
    struct config_builder *b = config_builder_new();
    struct configuration *out;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        add_kind(b, c, k);
    assert_int_equal(config_builder_end(&out, b, NULL), 0);
    return out;
}
