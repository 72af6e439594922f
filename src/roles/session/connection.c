/* One browser's connection: HTTP requests one after the other, or a WebSocket. */
#include "roles/session/session_int.h"

#include "base/mem.h"

static void set_timer(struct connection *c, enum timer id)
{
    struct world *w = c->session->world;
    world_timer_set(w, &c->timer, session__object(SESSION_OBJECT_CONNECTION, c->flow), id,
        world_now(w) + timer_duration(id));
}

void session__accept(struct session *s, const struct input *in)
{
    if (s->draining) {
        world_close(s->world, in->flow);
        return;
    }
    struct connection *c = mem_zero(sizeof *c);
    c->session = s;
    c->flow = in->flow;
    c->peer = in->peer;
    c->http = mem_alloc(sizeof *c->http);
    http_open(c->http, NULL);
    list_append(&s->connections, &c->link);
    map_put_number(&s->by_flow, c->flow, c);
    set_timer(c, TIMER_SESSION_REQUEST);
    c->reading = true;
}

void session__end(struct connection *c)
{
    struct session *s = c->session;
    if (c->ended)
        return;
    c->ended = true;
    world_close(s->world, c->flow);
    world_timer_clear(&c->timer);
    map_remove_number(&s->by_flow, c->flow);
    list_remove(&c->of_sign_in);
    list_remove(&c->feed);
    list_remove(&c->link);
    list_append(&s->ended, &c->link);
    struct question *q = c->question != 0 ? map_get_number(&s->questions, c->question) : NULL;
    if (q != NULL)
        q->connection = NULL;
    if (c->sign_in != NULL)
        session__sign_in_touch(s, c->sign_in);
}

void session__reap(struct session *s)
{
    struct list *link;
    while ((link = list_first(&s->ended)) != NULL) {
        struct connection *c = list_entry(link, struct connection, link);
        list_remove(link);
        if (c->http != NULL)
            http_close(c->http);
        mem_free(c->http);
        websocket_close(&c->websocket);
        mem_free(c);
    }
}

void session__send(struct connection *c, struct slice bytes)
{
    if (c->ended || bytes.length == 0)
        return;
    world_send(c->session->world, c->flow, bytes);
    c->sent += bytes.length;
}

static void flush(struct connection *c)
{
    session__send(c, buffer_slice(&c->session->out));
    buffer_clear(&c->session->out);
}

/* ---- WebSocket ---- */

void session__bye(struct connection *c, const char *reason, uint16_t code)
{
    struct buffer out = {0}, text = {0};
    if (c->ended || c->closing)
        return;
    list_remove(&c->feed);
    buffer_add_format(&text, "{\"bye\":{\"reason\":\"%s\"}}", reason);
    websocket_send(&c->websocket, WEBSOCKET_TEXT, buffer_slice(&text), &out);
    websocket_send_close(&c->websocket, code, slice_text(reason), &out);
    session__send(c, buffer_slice(&out));
    buffer_free(&text);
    buffer_free(&out);
    c->closing = true;
    set_timer(c, TIMER_SESSION_CLOSE);
}

static void websocket_data(struct connection *c, struct slice bytes)
{
    struct websocket_message m;
    for (;;) {
        enum websocket_event event = websocket_next(&c->websocket, &bytes, &m, &c->session->out);
        flush(c);
        switch (event) {
        case WEBSOCKET_MORE:
            return;
        case WEBSOCKET_MESSAGE:
            if (c->closing)
                break;
            if (!wheel_runs(&c->timer.wheel) || c->timer.id == TIMER_SESSION_HELLO)
                set_timer(c, TIMER_SESSION_PING);
            session__feed_hello(c, m.bytes);
            break;
        case WEBSOCKET_PONGED:
            c->asleep = false;
            session__feed_ponged(c, m.bytes);
            break;
        case WEBSOCKET_PINGED:
            break;
        default:
            session__end(c);
            return;
        }
    }
}

/* Asked each time the ping timer is due: a browser that did not answer the last ping has gone. */
static void ping(struct connection *c)
{
    if (c->asleep) {
        session__end(c);
        return;
    }
    static const char nothing[] = "\x89"; /* an empty ping; the array's NUL is its length */
    c->asleep = true;
    session__send(c, slice_of(nothing, 2));
    set_timer(c, TIMER_SESSION_PING);
}

void session__connection_timer(struct connection *c, uint32_t timer)
{
    struct slice none = {0};
    if (timer == TIMER_SESSION_PING) {
        ping(c);
        return;
    }
    if (timer == TIMER_SESSION_HELLO) {
        session__bye(c, "silent", WEBSOCKET_POLICY);
        return;
    }
    if (timer == TIMER_SESSION_REQUEST && c->http != NULL && c->http->in.length != 0) {
        http_last(c->http);
        http_answer_error(c->http, world_now(c->session->world), HTTP_STATUS_REQUEST_TIMEOUT, none, none,
            none, &c->session->out);
        flush(c);
    }
    session__end(c);
}

/* ---- HTTP ---- */

/* The request was answered by 101. */
static void upgrade(struct connection *c)
{
    struct buffer rest;
    flush(c);
    http_upgraded(c->http, &rest);
    mem_free(c->http);
    c->http = NULL;
    c->sent = 0;
    set_timer(c, TIMER_SESSION_HELLO);
    websocket_data(c, buffer_slice(&rest));
    buffer_free(&rest);
}

/* Timers by what is awaited: the rest of a request, the next one, or (none) our own answer, which has its
 * own. */
static void await(struct connection *c)
{
    bool idle = http_idle(c->http);
    if (c->question != 0) {
        world_timer_clear(&c->timer);
        c->reading = false;
    } else if (idle) {
        set_timer(c, TIMER_SESSION_KEEP_ALIVE);
        c->reading = false;
    } else if (!c->reading) {
        set_timer(c, TIMER_SESSION_REQUEST);
        c->reading = true;
    }
    bool full = http_full(c->http);
    if (full != c->paused)
        world_read_pause(c->session->world, c->flow, full);
    c->paused = full;
}

void session__go_on(struct connection *c)
{
    struct session *s = c->session;
    for (;;) {
        enum http_event event = http_next(c->http, world_now(s->world), &s->out);
        if (event == HTTP_GOT_HEAD) {
            http_allow(c->http, session__body_limit(c));
        } else if (event == HTTP_GOT_REQUEST) {
            world_count(s->world, COUNTER_SESSION_REQUESTS, 1);
            c->reading = false;
            if (s->draining)
                http_last(c->http);
            session__route(c);
            if (c->sign_in != NULL) {
                upgrade(c);
                return;
            }
        } else {
            flush(c);
            if (event == HTTP_ENDED)
                session__end(c);
            else
                await(c);
            return;
        }
    }
}

void session__data(struct connection *c, struct slice bytes)
{
    if (c->ended)
        return;
    if (c->http == NULL)
        websocket_data(c, bytes);
    else if (http_feed(c->http, bytes) != 0)
        session__end(c);
    else
        session__go_on(c);
}
