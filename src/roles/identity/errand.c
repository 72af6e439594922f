/* An errand's life, and what is said at its end. */
#include "base/error.h"
#include "base/mem.h"
#include "config/object.h"
#include "roles/identity/identity_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

struct errand *identity__errand(struct identity *i, enum identity_kind kind)
{
    if (map_count(&i->errands) >= IDENTITY_ERRANDS)
        return NULL;
    struct errand *e = mem_zero(sizeof *e);
    e->identity = i;
    e->kind = (uint8_t)kind;
    e->token = ++i->next_token;
    map_put_number(&i->errands, e->token, e);
    return e;
}

void identity__end(struct errand *e)
{
    world_timer_clear(&e->timer);
    map_remove_number(&e->identity->errands, e->token);
    json_decref(e->member);
    json_decref(e->checked);
    json_decref(e->made);
    arena_free(&e->arena);
    mem_free(e);
}

void identity__feed(struct errand *e, enum identity_event event, const struct identity_answer *answer)
{
    int error = fsm_input(&identity_machine, &e->state, e, event, answer);
    if (error == 0 && e->state == IDENTITY_ST_DONE)
        identity__end(e);
}

struct slice identity__text(const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);
    return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value))
                                 : (struct slice){0};
}

int64_t identity__number(const json_t *object, const char *field)
{
    return json_integer_value(json_object_get(object, field));
}

void identity__answer(struct errand *e, unsigned status, json_t *body)
{
    Tandem__ConfigAnswer answer = TANDEM__CONFIG_ANSWER__INIT;
    struct buffer text = {0}, packed = {0};
    if (!slice_empty(e->reply_to)) {
        object_dump(&text, body);
        answer.token = e->reply_token;
        answer.status = status;
        answer.content_type = (char[]){"application/json"};
        answer.has_body = true;
        answer.body = pack_bytes(buffer_slice(&text));
        pack_add(&packed, &answer.base);
        world_publish(e->identity->world, e->reply_to, buffer_slice(&packed));
    }
    json_decref(body);
    buffer_free(&text);
    buffer_free(&packed);
}

/* "now" lets a machine whose clock is wrong sign with the time that we believe in. */
void identity__refuse(struct errand *e, const struct identity_refusal *r)
{
    const char *sentence = r->sentence != NULL ? r->sentence : error_sentence(r->error);
    identity__answer(e, r->status,
        json_pack("{s{si, ss, ss, ss}, sI}", "error", "code", r->error, "symbol", error_symbol(r->error),
            "sentence", sentence, "path", "", "now", (json_int_t)world_now(e->identity->world)));
}
