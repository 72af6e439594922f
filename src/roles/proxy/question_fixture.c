#include "roles/proxy/question_fixture.h"

#include <stdio.h>

#include "unit.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

#define SUBJECT "ctl.session.s.config"
#define TOKEN 5

struct proxy_told proxy_told;

static void hear(struct slice subject, struct slice bytes)
{
    struct arena arena = {0};
    if (!slice_equal(subject, SLICE(SUBJECT)))
        return;
    const Tandem__ConfigAnswer *a = pack_read(&tandem__config_answer__descriptor, bytes, &arena);
    assert_non_null(a);
    assert_int_equal(a->token, TOKEN);
    snprintf(proxy_told.text, sizeof proxy_told.text, "%.*s", SLICE_ARG(pack_slice(a->body)));
    proxy_told.status = a->status;
    proxy_told.count++;
    arena_free(&arena);
}

void proxy_fixture_ask(const char *method, const char *path, const char *role)
{
    struct buffer bytes = {0};
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    m.reply_to = (char *)(uintptr_t)SUBJECT;
    m.token = TOKEN;
    m.method = (char *)(uintptr_t)method;
    m.path = (char *)(uintptr_t)path;
    m.role = (char *)(uintptr_t)role;
    m.user = (char *)(uintptr_t) "anna";
    pack_add(&bytes, &m.base);
    proxy_told.status = 0;
    proxy_told.text[0] = '\0';
    proxy_fixture.on_publish = hear;
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_QUESTIONS,
        .name = SLICE("ctl.proxy"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}
