/* What comes on ctl.config: every instance hears it, who leads answers. While nobody leads it is held for a
 * while, so that who asks need not know that there was a change of leaders. Large bodies come in parts, each
 * asked for by the answer to the one before. */
#include <ctype.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

struct held {
    struct list link;
    int64_t until;
    size_t length;
    char bytes[];
};

struct upload {
    struct list link;
    struct arena arena;
    struct request request;
    size_t length, received;
    char *body; /* of the arena */
    int64_t until;
};

static void set_timer(struct writer *w, int64_t at)
{
    if (!list_linked(&w->inbox_timer.siblings))
        world_timer_set(w->world, &w->inbox_timer, OBJECT(WRITER_OBJECT_INBOX, 0), 0, at);
}

/* ---- who may do what (SEC-3) ---- */

static bool permitted(struct writer *w, const struct request *r)
{
    bool administrator = slice_equal(r->role, SLICE("administrator"));
    bool supervisor = slice_equal(r->role, SLICE("supervisor"));
    if (administrator || (supervisor && !request_writes(r) && !r->secrets))
        return true;
    LOG(LOG_NOTICE, "roles/config", "refused: %.*s, %.*s, may not %s", SLICE_ARG(slice_first(r->user, 64)),
        SLICE_ARG(slice_first(r->role, 32)), request_writes(r) ? "change the configuration" : "read this");
    writer__refuse_text(w, r, ERROR_DENIED, "");
    return false;
}

static bool is_id(struct slice id)
{
    for (size_t i = 0; i < id.length; i++)
        if (!isxdigit((unsigned char)id.data[i]))
            return false;
    return id.length == TRANSACTION_ID - 1;
}

/* Understands a request, or answers what is wrong with it. */
static bool understand(
    struct writer *w, struct request *r, const Tandem__ConfigRequest *m, struct arena *arena)
{
    struct buffer sentence = {0};
    *r = (struct request){
        .reply_to = slice_text(m->reply_to),
        .token = m->token,
        .user = slice_text(m->user),
        .role = slice_text(m->role),
        .body = m->has_body ? pack_slice(m->body) : (struct slice){0},
    };
    int error = request_parse(r, slice_text(m->method), slice_text(m->path), arena, &sentence);
    if (request_writes(r) && is_id(slice_text(m->id)))
        r->id = slice_text(m->id);
    if (error != 0)
        writer__refuse_status(w, r, error == ERROR_UNSUPPORTED ? 405 : writer__status(error), error,
            (struct slice){0}, buffer_slice(&sentence));
    buffer_free(&sentence);
    return error == 0 && permitted(w, r);
}

void writer__handle(struct writer *w, const struct request *r)
{
    if (!request_writes(r)) {
        writer__read(w, r);
        return;
    }
    writer__enqueue(w, r);
    writer__feed(w, WRITER_EV_CHANGE, NULL);
}

/* ---- parts ---- */

static void upload_free(struct writer *w, struct upload *u)
{
    list_remove(&u->link);
    w->upload_count--;
    mem_free(u->body);
    arena_free(&u->arena);
    mem_free(u);
}

static struct upload *upload_find(struct writer *w, const Tandem__ConfigRequest *m)
{
    list_for_each (link, &w->uploads) {
        struct upload *u = list_entry(link, struct upload, link);
        if (u->request.token == m->token && slice_equal(u->request.reply_to, slice_text(m->reply_to)))
            return u;
    }
    return NULL;
}

static void take_part(struct writer *w, struct upload *u, struct slice part)
{
    if (slice_empty(part) || part.length > u->length - u->received) {
        upload_free(w, u);
        return;
    }
    slice_put(u->body + u->received, part);
    u->received += part.length;
    u->until = world_now(w->world) + timer_duration(TIMER_CONFIG_UPLOAD);
    if (u->received < u->length) {
        writer__send(w, &u->request, 100, (struct slice){0}, u->received);
        return;
    }
    u->request.body = slice_of(u->body, u->length);
    writer__handle(w, &u->request);
    upload_free(w, u);
}

static void begin_upload(struct writer *w, const struct request *r, uint64_t length)
{
    if (length > WRITER_BODY) {
        writer__refuse_status(w, r, 413, ERROR_LIMIT, (struct slice){0}, (struct slice){0});
        return;
    }
    if (w->upload_count == WRITER_UPLOADS) {
        writer__refuse_text(w, r, ERROR_OVERLOADED, "");
        return;
    }
    struct upload *u = mem_zero(sizeof *u);
    struct slice part = r->body;
    u->request = *r;
    u->request.body = (struct slice){0};
    request_keep(&u->request, &u->arena);
    u->length = (size_t)length;
    u->body = mem_alloc(u->length);
    list_append(&w->uploads, &u->link);
    w->upload_count++;
    set_timer(w, world_now(w->world) + timer_duration(TIMER_CONFIG_UPLOAD));
    take_part(w, u, part);
}

/* ---- while nobody leads ---- */

static bool leads(const struct writer *w)
{
    return w->state >= WRITER_ST_CATCHING;
}

static bool others_lead(const struct writer *w)
{
    return w->follows && !slice_empty(lead_leader(&w->lead)) &&
           !slice_equal(lead_leader(&w->lead), slice_text(w->name));
}

/* A change that has no name could be made twice: by who leads, as far as others know, and by who leads next.
 */
static void hold(struct writer *w, const Tandem__ConfigRequest *m, struct slice bytes)
{
    if (others_lead(w) || m->offset != 0 || (strcmp(m->method, "GET") != 0 && m->id == NULL) ||
        w->held_count == WRITER_HELD || w->held_bytes + bytes.length > WRITER_HELD_BYTES)
        return;
    struct held *h = mem_alloc(sizeof *h + bytes.length);
    h->until = world_now(w->world) + timer_duration(TIMER_CONFIG_HOLD);
    h->length = bytes.length;
    slice_put(h->bytes, bytes);
    list_append(&w->held, &h->link);
    w->held_count++;
    w->held_bytes += bytes.length;
    set_timer(w, h->until);
}

static void held_free(struct writer *w, struct held *h)
{
    list_remove(&h->link);
    w->held_count--;
    w->held_bytes -= h->length;
    mem_free(h);
}

static void receive(struct writer *w, struct slice bytes, bool repeated);

void writer__inbox_lead(struct writer *w)
{
    if (!leads(w) && !others_lead(w))
        return;
    while (!list_empty(&w->held)) {
        struct held *h = list_entry(list_first(&w->held), struct held, link);
        if (leads(w))
            receive(w, slice_of(h->bytes, h->length), true);
        held_free(w, h);
    }
}

static void give_up(struct writer *w, const struct held *h)
{
    struct arena arena = {0};
    const Tandem__ConfigRequest *m =
        pack_read(&tandem__config_request__descriptor, slice_of(h->bytes, h->length), &arena);
    /* Of a change it is not known here whether somebody made it. */
    if (m != NULL && strcmp(m->method, "GET") == 0) {
        struct request r = {.reply_to = slice_text(m->reply_to), .token = m->token};
        writer__refuse_text(w, &r, ERROR_OVERLOADED,
            w->follows ? "nobody can write the configuration at the moment; try again"
                       : "the configuration is still being read; try again");
    }
    arena_free(&arena);
}

void writer__inbox_timer(struct writer *w)
{
    int64_t now = world_now(w->world), next = INT64_MAX;
    list_for_each_safe (link, following, &w->held) {
        struct held *h = list_entry(link, struct held, link);
        if (h->until <= now) {
            give_up(w, h);
            held_free(w, h);
        } else {
            next = h->until < next ? h->until : next;
        }
    }
    list_for_each_safe (link, following, &w->uploads) {
        struct upload *u = list_entry(link, struct upload, link);
        if (u->until <= now)
            upload_free(w, u);
        else
            next = u->until < next ? u->until : next;
    }
    if (next != INT64_MAX)
        set_timer(w, next);
}

void writer__inbox_free(struct writer *w)
{
    world_timer_clear(&w->inbox_timer);
    while (!list_empty(&w->held))
        held_free(w, list_entry(list_first(&w->held), struct held, link));
    while (!list_empty(&w->uploads))
        upload_free(w, list_entry(list_first(&w->uploads), struct upload, link));
}

/* ---- all of it ---- */

static void receive(struct writer *w, struct slice bytes, bool repeated)
{
    struct arena arena = {0};
    struct request r;
    const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, bytes, &arena);
    struct upload *u = m != NULL && m->offset != 0 ? upload_find(w, m) : NULL;
    if (m == NULL)
        LOG(LOG_WARNING, "roles/config", "a request on ctl.config is not well-formed");
    else if (!leads(w))
        hold(w, m, bytes);
    else if (m->offset != 0 && u != NULL && m->offset == u->received)
        take_part(w, u, m->has_body ? pack_slice(m->body) : (struct slice){0});
    else if (m->offset == 0 && understand(w, &r, m, &arena)) {
        r.repeated = repeated;
        if (m->length > r.body.length)
            begin_upload(w, &r, m->length);
        else
            writer__handle(w, &r);
    }
    arena_free(&arena);
}

void writer__receive(struct writer *w, struct slice bytes)
{
    receive(w, bytes, false);
}
