/* What an errand asks of the pool and of the role config. */
#include "roles/identity/identity_int.h"
#include "config/object.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define ARGUMENTS 6

static void ask_job(struct errand *e, const char *name, const struct slice *arguments, size_t count)
{
    Tandem__JobRequest job = TANDEM__JOB_REQUEST__INIT;
    ProtobufCBinaryData list[ARGUMENTS];
    struct buffer request = {0};
    struct world *w = e->identity->world;
    for (size_t i = 0; i < count; i++)
        list[i] = pack_bytes(arguments[i]);
    job.name = (char *)(uintptr_t)name;
    job.arguments = list;
    job.n_arguments = count;
    pack_add(&request, &job.base);
    world_ask(w, SERVICE_JOB, buffer_slice(&request), 0, e->token,
        world_now(w) + timer_duration(TIMER_IDENTITY_ASK));
    buffer_free(&request);
}

/* As whoever asked, so that the audit log names him; what he may do was checked before. */
static void ask_config(struct errand *e, const char *method, struct slice query, const json_t *body)
{
    struct identity *i = e->identity;
    struct buffer path = {0}, text = {0}, packed = {0};
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    buffer_add_text(&path, "/api/config/member");
    if (!slice_empty(e->name))
        buffer_add_format(&path, "/%.*s", SLICE_ARG(e->name));
    buffer_add(&path, query);
    if (body != NULL)
        object_dump(&text, body);
    m.reply_to = arena_text(&e->arena, buffer_slice(&i->reply_to));
    m.token = e->token;
    m.method = (char *)(uintptr_t)method;
    m.path = arena_text(&e->arena, buffer_slice(&path));
    m.has_body = body != NULL;
    m.body = pack_bytes(buffer_slice(&text));
    m.user = arena_text(&e->arena, e->user);
    m.role = (char[]){"administrator"};
    pack_add(&packed, &m.base);
    world_publish(i->world, SLICE("ctl.config"), buffer_slice(&packed));
    world_timer_set(i->world, &e->timer, e->token, TIMER_IDENTITY_ASK,
        world_now(i->world) + timer_duration(TIMER_IDENTITY_ASK));
    buffer_free(&path);
    buffer_free(&text);
    buffer_free(&packed);
}

static void ask_read(struct errand *e)
{
    struct buffer query = {0};
    if (e->kind == IDENTITY_LIST && !slice_empty(e->after))
        buffer_add_format(&query, "?after=%.*s", SLICE_ARG(e->after));
    else if (e->kind != IDENTITY_LIST)
        buffer_add_text(&query, "?secrets=true");
    ask_config(e, "GET", buffer_slice(&query), NULL);
    buffer_free(&query);
}

/* By the key of the request that waits, or else of the certificate; the next certificate only by the present
 * one. */
static void ask_verify(struct errand *e)
{
    struct slice pem = identity__text(e->member, "request");
    char at[24];
    if (slice_empty(pem) || e->kind == IDENTITY_RENEW)
        pem = identity__text(e->member, "certificate");
    snprintf(at, sizeof at, "%lld", (long long)e->at);
    struct slice arguments[] = {
        pem, e->id, slice_text(at), e->kind == IDENTITY_RENEW ? e->request : SLICE(""), e->signature};
    ask_job(e, "identity-verify", arguments, 5);
}

void identity__ask(struct errand *e, enum identity_state state)
{
    switch (state) {
    case IDENTITY_ST_CHECKING:
        ask_job(e, "identity-check", (struct slice[]){e->name, e->request, e->code}, 3);
        break;
    case IDENTITY_ST_MAKING:
        ask_job(e, e->kind == IDENTITY_SELF ? "identity-self" : "identity-code", NULL, 0);
        break;
    case IDENTITY_ST_READING:
        ask_read(e);
        break;
    case IDENTITY_ST_VERIFYING:
        ask_verify(e);
        break;
    case IDENTITY_ST_SIGNING:
        ask_job(e, "identity-sign",
            (struct slice[]){e->name, identity__text(e->member, "request"),
                identity__text(e->member, "address"), SLICE(IDENTITY_DAYS)},
            4);
        break;
    case IDENTITY_ST_WRITING:
        ask_config(e, "PUT", (struct slice){0}, e->member);
        break;
    default: /* GIVING */
        if (e->kind == IDENTITY_AUTHORITY)
            ask_job(e, "identity-authority", NULL, 0);
        else
            ask_job(e, "identity-start", (struct slice[]){identity__text(e->member, "certificate")}, 1);
    }
}
