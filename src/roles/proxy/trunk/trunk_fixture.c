#include "roles/proxy/trunk/trunk_fixture.h"

#include "unit.h"

struct config_trunk trunk_fixture_one(void)
{
    static struct slice realms[] = {{"carrier", 7}};
    return (struct config_trunk){.name = SLICE("one"),
        .host = SLICE("127.0.0.1"),
        .port = ONE,
        .domain = SLICE("carrier.example"),
        .user = SLICE("ours"),
        .secret = SLICE("trunk secret"),
        .realms = {realms, 1},
        .caller_prefix = SLICE("+4930"),
        .order = 1,
        .weight = 1,
        .register_expires = 600};
}

struct trunk_state *trunk_fixture_state(const char *name)
{
    struct trunk_state *s = trunk__state(proxy_fixture.proxy, slice_text(name));
    assert_non_null(s);
    return s;
}

/* The carrier's answer to the last request of that method; `more`: headers. */
void trunk_fixture_answer(uint16_t port, const char *method, uint16_t status, const char *more)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    const char *request = proxy_fixture_must_find(port, method);
    assert_int_equal(sip_parse(&m, slice_text(request), &arena, NULL), 0);
    sip_add_response_head(&out, &m, status, SLICE(""), SLICE("carrier"));
    buffer_add_text(&out, more);
    sip_add_body(&out, SLICE(""), SLICE(""));
    buffer_add_byte(&out, '\0');
    proxy_fixture_from_phone(port, out.data);
    buffer_free(&out);
    arena_free(&arena);
}

void trunk_fixture_must_have(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in %s", part, text);
}
