/* A role of the main itself: answers GET /metrics (Prometheus) and GET /ready (whoever balances load) on the
 * endpoint of the option `metrics`, over plain HTTP. One request a connection. */
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "health/metrics.h"
#include "http/http.h"
#include "run/run_int.h"
#include "world/world.h"

#define TOKEN_LISTEN 1
#define CONNECTIONS 32U /* at a time; more are closed at once */

struct reader {
    uint64_t flow;
    struct http_connection http;
    struct world_timer timer; /* whoever does not ask in time */
};

struct metrics {
    struct world *world;
    struct run *run;
    struct map readers; /* by flow */
};

static void end(struct metrics *m, struct reader *r)
{
    map_remove_number(&m->readers, r->flow);
    world_timer_clear(&r->timer);
    http_close(&r->http);
    mem_free(r);
}

static void accepted(struct metrics *m, uint64_t flow)
{
    if (map_count(&m->readers) >= CONNECTIONS) {
        world_close(m->world, flow);
        return;
    }
    struct reader *r = mem_zero(sizeof *r);
    r->flow = flow;
    http_open(&r->http, NULL);
    map_put_number(&m->readers, flow, r);
    world_timer_set(m->world, &r->timer, OBJECT(1, flow), TIMER_METRICS_REQUEST,
        world_now(m->world) + timer_duration(TIMER_METRICS_REQUEST));
}

static void answer_metrics(struct metrics *m, struct reader *r, struct buffer *out)
{
    struct run_health h;
    struct health_process p;
    struct buffer body = {0};
    run__health(&h, m->run);
    run__health_disk(&h, m->run);
    run__health_process(&p, m->run);
    health_metrics(&body, &h.member, &p);
    http_answer(&r->http, world_now(m->world),
        &(struct http_answer){
            .status = HTTP_STATUS_OK, .type = SLICE(HEALTH_METRICS_TYPE), .body = buffer_slice(&body)},
        out);
    buffer_free(&body);
}

static void answer_ready(struct metrics *m, struct reader *r, struct buffer *out)
{
    struct run_health h;
    run__health(&h, m->run);
    bool ready = health_ready(&h.member);
    http_answer(&r->http, world_now(m->world),
        &(struct http_answer){.status = ready ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE,
            .type = SLICE("text/plain"),
            .body = ready ? SLICE("ready\n") : SLICE("starting\n")},
        out);
}

static void answer(struct metrics *m, struct reader *r, struct buffer *out)
{
    const struct http_request *q = &r->http.request;
    unsigned reads = HTTP_BIT(HTTP_GET) | HTTP_BIT(HTTP_HEAD);
    bool metrics = slice_equal(q->path, SLICE("/metrics")), ready = slice_equal(q->path, SLICE("/ready"));
    http_last(&r->http);
    if (!metrics && !ready)
        http_answer_error(&r->http, world_now(m->world), HTTP_STATUS_NOT_FOUND, SLICE(""),
            SLICE("there are /metrics and /ready"), SLICE(""), out);
    else if ((HTTP_BIT(q->method) & reads) == 0)
        http_answer_methods(&r->http, world_now(m->world), reads, out);
    else if (metrics)
        answer_metrics(m, r, out);
    else
        answer_ready(m, r, out);
}

static void data(struct metrics *m, struct reader *r, struct slice bytes)
{
    struct buffer out = {0};
    enum http_event event = HTTP_ENDED;
    if (http_feed(&r->http, bytes) == 0) {
        while ((event = http_next(&r->http, world_now(m->world), &out)) == HTTP_GOT_HEAD)
            http_allow(&r->http, 0);
        if (event == HTTP_GOT_REQUEST) {
            answer(m, r, &out);
            event = HTTP_ENDED;
        }
    }
    if (out.length != 0)
        world_send(m->world, r->flow, buffer_slice(&out));
    buffer_free(&out);
    if (event != HTTP_ENDED)
        return;
    world_close(m->world, r->flow);
    end(m, r);
}

static int metrics_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct metrics *m = mem_zero(sizeof *m);
    *self = m;
    m->world = w;
    m->run = setup->main;
    world_listen(w, options_text(m->run->options, OPTION_METRICS), TOKEN_LISTEN);
    return 0;
}

static void metrics_close(void *self)
{
    struct metrics *m = self;
    struct reader *r;
    map_for_each (r, &m->readers)
        end(m, r);
    map_free(&m->readers);
    mem_free(m);
}

static void metrics_input(void *self, const struct input *in)
{
    struct metrics *m = self;
    struct reader *r =
        map_get_number(&m->readers, in->kind == INPUT_TIMER ? OBJECT_INDEX(in->object) : in->flow);
    if (in->kind == INPUT_ACCEPTED) {
        accepted(m, in->flow);
    } else if (in->kind == INPUT_DATA && r != NULL) {
        data(m, r, in->bytes);
    } else if (in->kind == INPUT_TIMER && r != NULL) {
        world_close(m->world, r->flow);
        end(m, r);
    } else if (in->kind == INPUT_CLOSED) {
        if (r != NULL)
            end(m, r);
        else if (in->token == TOKEN_LISTEN && in->error != 0)
            LOG(LOG_ERROR, "run", "cannot listen for readers of metrics: %s", error_sentence(in->error));
    }
}

const struct role run__metrics = {
    .name = "metrics", .open = metrics_open, .close = metrics_close, .input = metrics_input};
