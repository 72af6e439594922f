/* What the start file says of engines, as the world wants to hear it. */
#include "base/error.h"
#include "run/run_int.h"

static const char *text(struct run *r, enum option option)
{
    struct slice value = options_text(r->options, option);
    return slice_empty(value) ? NULL : arena_text(&r->texts, value);
}

static struct real_server server(
    struct run *r, enum option places, enum option user, enum option password_file)
{
    const struct option_value *v = &r->options->values[places];
    return (struct real_server){.addresses = v->items,
        .count = v->count,
        .user = text(r, user),
        .password_file = text(r, password_file)};
}

bool run__store_is_beside(const struct run *r)
{
    return options_has(r->options, OPTION_STORE);
}

int run__engines(struct run *r)
{
    bool is_member = options_has(r->options, OPTION_NAME);
    struct real_engines_params params = {.data = r->data,
        .registry = server(r, OPTION_REGISTRY, OPTION_REGISTRY_USER, OPTION_REGISTRY_PASSWORD_FILE),
        .bus = server(r, OPTION_BUS, OPTION_BUS_USER, OPTION_BUS_PASSWORD_FILE),
        .store = server(r, OPTION_STORE, OPTION_STORE_USER, OPTION_STORE_PASSWORD_FILE),
        .cluster = is_member ? text(r, OPTION_CLUSTER) : NULL,
        .authority = r->authority.authority,
        .certificate = r->authority.certificate,
        .key = r->authority.key};
    params.store.database = text(r, OPTION_STORE_DATABASE);
    int error = real_engines_open(&r->engines, r->loop, &params);
    if (error != 0)
        run__complain(r, error, "the engines that decide, carry and keep cannot be used");
    return error;
}
