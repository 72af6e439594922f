/* Our echo server: the codec of src/http in the real world, as the gateway uses them.
 *
 *     ours PORT [CERTIFICATE KEY]      plain, or TLS */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/map.h"
#include "base/mem.h"
#include "http/websocket.h"
#include "world/real/real.h"
#include "world/world.h"

static const char *endpoint;
static struct real_loop *loop;

struct peer {
    struct http_connection *http; /* until it is a WebSocket */
    struct websocket websocket;
};

struct echo {
    struct world *world;
    struct map peers;
    struct buffer out;
};

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    struct echo *e = mem_zero(sizeof *e);
    (void)setup;
    e->world = world;
    *self = e;
    world_listen(world, slice_text(endpoint), 1);
    return 0;
}

static void forget(struct echo *e, uint64_t flow)
{
    struct peer *p = map_remove_number(&e->peers, flow);
    if (p == NULL)
        return;
    if (p->http != NULL)
        http_close(p->http);
    mem_free(p->http);
    websocket_close(&p->websocket);
    mem_free(p);
}

static void close_h(void *self)
{
    struct echo *e = self;
    buffer_free(&e->out);
    mem_free(e); /* connections end with the process */
}

static void shake_hands(struct echo *e, struct peer *p, uint64_t flow, struct slice bytes)
{
    static const struct websocket_rules rules = {0};
    struct slice protocol;
    struct buffer rest;
    if (http_feed(p->http, bytes) != 0 || http_next(p->http, world_now(e->world), &e->out) != HTTP_GOT_REQUEST)
        return;
    bool good = websocket_handshake(p->http, world_now(e->world), &rules, &protocol, &e->out) == 0;
    if (!good) {
        world_send(e->world, flow, buffer_slice(&e->out));
        world_close(e->world, flow);
        forget(e, flow);
        return;
    }
    http_upgraded(p->http, &rest);
    buffer_free(&rest);
    mem_free(p->http);
    p->http = NULL;
    websocket_open(&p->websocket, NULL);
}

static void data(struct echo *e, uint64_t flow, struct slice bytes)
{
    struct peer *p = map_get_number(&e->peers, flow);
    struct websocket_message m;
    enum websocket_event event = WEBSOCKET_MORE;
    if (p == NULL)
        return;
    if (p->http != NULL)
        shake_hands(e, p, flow, bytes);
    else
        while ((event = websocket_next(&p->websocket, &bytes, &m, &e->out)) != WEBSOCKET_MORE) {
            if (event == WEBSOCKET_MESSAGE)
                websocket_send(&p->websocket, m.opcode, m.bytes, &e->out);
            if (event == WEBSOCKET_CLOSED || event == WEBSOCKET_FAILED)
                break;
        }
    if (e->out.length != 0)
        world_send(e->world, flow, buffer_slice(&e->out));
    buffer_clear(&e->out);
    if (event != WEBSOCKET_MORE) {
        world_close(e->world, flow);
        forget(e, flow);
    }
}

static void input_h(void *self, const struct input *in)
{
    struct echo *e = self;
    struct peer *p;
    switch (in->kind) {
    case INPUT_ACCEPTED:
        p = mem_zero(sizeof *p);
        p->http = mem_alloc(sizeof *p->http);
        http_open(p->http, NULL);
        map_put_number(&e->peers, in->flow, p);
        break;
    case INPUT_DATA:
        data(e, in->flow, in->bytes);
        break;
    case INPUT_CLOSED:
        forget(e, in->flow);
        break;
    default:
        break;
    }
}

static void stop_h(int number)
{
    (void)number;
    real_stop(loop);
}

int main(int argc, char **argv)
{
    static const struct role role = {.name = "echo", .open = open_h, .close = close_h, .input = input_h};
    static const struct role_setup setup = {.name = SLICE_INIT("echo")};
    struct rlimit files;
    char text[64];
    struct real_instance *instance;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bool tls = argc == 4;
    if (argc < 2)
        return 2;
    snprintf(text, sizeof text, "%s:127.0.0.1:%s", tls ? "tls" : "tcp", argv[1]);
    endpoint = text;
    const struct real_params params = {
        .certificate = tls ? argv[2] : NULL, .key = tls ? argv[3] : NULL, .listener_flows = 19000};
    if (real_open(&loop, &params) != 0 || real_add_instance(&instance, loop, &role, &setup, NULL) != 0)
        return 1;
    signal(SIGTERM, stop_h);
    real_run(loop);
    real_close(loop);
    return 0;
}
