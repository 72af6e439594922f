#include "unit.h"
#include "web/assets_int.h"

static void finds_every_asset_by_its_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < web__asset_count; i++) {
        const struct asset *asset = &web__assets[i];

        assert_ptr_equal(asset_find(slice_text(asset->path)), asset);
        assert_true(asset->gzip == NULL || asset->gzip_length < asset->length);
    }
}

static void finds_nothing_by_a_wrong_path(void **state)
{
    const char *wrong[] = {"", "/", "..", "/index.html", "index.htm", "index.html/", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(asset_find(slice_text(wrong[i])));
}

TESTS("web/assets", cmocka_unit_test(finds_every_asset_by_its_path),
    cmocka_unit_test(finds_nothing_by_a_wrong_path))
