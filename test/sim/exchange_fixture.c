#include "exchange_fixture.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "sip/digest.h"
#include "sip/message.h"
#include "world/world.h"

struct exchange {
    struct world *world;
    struct exchange_setup setup;
    uint64_t socket;
    struct map contacts; /* hash of the DN -> struct address */
    struct arena arena;
    unsigned altered;
};

static int exchange_open(void **self, struct world *world, const struct role_setup *setup)
{
    const struct exchange_setup *given = *self;
    struct exchange *x = *self = mem_zero(sizeof *x);
    struct buffer at = {.data = NULL};
    (void)setup;
    x->world = world;
    x->setup = *given;
    buffer_add_text(&at, "udp:");
    address_add(&at, &given->own);
    x->socket = world_listen(world, buffer_slice(&at), 1);
    buffer_free(&at);
    return 0;
}

static void exchange_close(void *self)
{
    struct exchange *x = self;
    struct address *a;
    map_for_each (a, &x->contacts)
        mem_free(a);
    map_free(&x->contacts);
    arena_free(&x->arena);
    mem_free(x);
}

static uint64_t user_of(struct slice uri)
{
    ptrdiff_t colon = slice_find(uri, ':'), at = slice_find(uri, '@');
    return at > colon ? hash_stable(slice_of(uri.data + colon + 1, (size_t)(at - colon - 1))) : 0;
}

static void answer(struct exchange *x, const struct input *in, const struct sip_message *m, unsigned status)
{
    struct buffer out = {.data = NULL}, challenge = {.data = NULL};
    char nonce[DIGEST_NONCE];
    struct digest_hashes hashes = {.context = NULL};
    sip_add_response_head(&out, m, (uint16_t)status, SLICE(""), SLICE("exchange"));
    if (status == 401 || status == 407) {
        digest_nonce(nonce, &hashes, SLICE("key"), SLICE("tandem.test"), world_now(x->world));
        digest_hashes_free(&hashes);
        digest_add_challenge(&challenge, DIGEST_MD5, SLICE("tandem.test"), slice_text(nonce), false);
        sip_add_header(&out, status == 401 ? SIP_HEADER_WWW_AUTHENTICATE : SIP_HEADER_PROXY_AUTHENTICATE,
            buffer_slice(&challenge));
    }
    sip_add_body(&out, SLICE(""), SLICE(""));
    world_send_to(x->world, x->socket, &in->peer, buffer_slice(&out));
    buffer_free(&challenge);
    buffer_free(&out);
}

static void registers(struct exchange *x, const struct input *in, const struct sip_message *m)
{
    if (sip_header(m, SIP_HEADER_AUTHORIZATION) == NULL) {
        answer(x, in, m, 401);
        return;
    }
    uint64_t dn = user_of(m->to);
    struct address *a = map_get_number(&x->contacts, dn);
    if (a == NULL)
        map_put_number(&x->contacts, dn, a = mem_zero(sizeof *a));
    *a = in->peer;
    answer(x, in, m, 200);
}

static bool target_of(struct exchange *x, struct address *to, const struct sip_message *m)
{
    const struct address *a;
    ptrdiff_t at = slice_find(m->uri, '@');
    if (m->to_tag.length != 0 || slice_find_slice(m->uri, SLICE("tandem.test")) < 0)
        return at > 0 && address_parse(to, slice_from(m->uri, (size_t)at + 1)) == 0;
    a = map_get_number(&x->contacts, user_of(m->uri));
    if (a != NULL)
        *to = *a;
    return a != NULL;
}

static void forward(struct exchange *x, const struct input *in, const struct sip_message *m)
{
    struct address to;
    struct buffer out = {.data = NULL};
    bool refusal = m->method == SIP_ACK && slice_find_slice(m->to, SLICE("exchange")) >= 0;
    if (refusal)
        return;
    if (m->method == SIP_INVITE && m->to_tag.length == 0 &&
        sip_header(m, SIP_HEADER_PROXY_AUTHORIZATION) == NULL) {
        answer(x, in, m, 407);
        return;
    }
    /* ACK to a refusal goes the way of its INVITE: by number, though it has a tag. */
    if (slice_find_slice(m->uri, SLICE("tandem.test")) >= 0) {
        const struct address *a = map_get_number(&x->contacts, user_of(m->uri));
        if (a == NULL) {
            if (m->method != SIP_ACK)
                answer(x, in, m, 404);
            return;
        }
        to = *a;
    } else if (!target_of(x, &to, m)) {
        answer(x, in, m, 404);
        return;
    }
    sip_add_request_line(&out, m->method_name, m->uri);
    buffer_add_text(&out, "Via: SIP/2.0/UDP ");
    address_add(&out, &x->setup.own);
    buffer_add_format(&out, ";branch=z9hG4bK%016llx\r\n", (unsigned long long)hash_stable(m->via.branch));
    sip_add_headers_of(&out, m, 0);
    sip_add_body(&out, SLICE(""), m->body);
    world_send_to(x->world, x->socket, &to, buffer_slice(&out));
    buffer_free(&out);
}

static void back(struct exchange *x, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_via via;
    struct slice value;
    struct address to;
    char text[64];
    struct buffer out = {.data = NULL};
    if (!sip_next_value(m, SIP_HEADER_VIA, &at, &value) || !sip_next_value(m, SIP_HEADER_VIA, &at, &value) ||
        sip_via_parse(&via, value) != 0)
        return;
    int length = snprintf(text, sizeof text, "%.*s:%u", SLICE_ARG(via.host), via.port);
    if (address_parse(&to, slice_of(text, (size_t)length)) != 0)
        return;
    sip_add_status_line(&out, m->status, m->reason);
    bool first = true;
    for (size_t h = 0; h < m->header_count; h++) {
        bool skip =
            m->headers[h].id == SIP_HEADER_CONTENT_LENGTH || (first && m->headers[h].id == SIP_HEADER_VIA);
        first = first && m->headers[h].id != SIP_HEADER_VIA;
        if (!skip)
            sip_add_other(&out, m->headers[h].name, m->headers[h].value);
    }
    if (x->setup.alters_answers && m->method == SIP_INVITE && m->status == 200)
        buffer_add_format(&out, "X-Altered: %u\r\n", ++x->altered);
    sip_add_body(&out, SLICE(""), m->body);
    world_send_to(x->world, x->socket, &to, buffer_slice(&out));
    buffer_free(&out);
}

static void exchange_input(void *self, const struct input *in)
{
    struct exchange *x = self;
    struct sip_message m;
    if (in->kind != INPUT_DATAGRAM || sip_parse(&m, in->bytes, &x->arena, NULL) != 0)
        return;
    if (!m.is_request)
        back(x, &m);
    else if (m.method == SIP_REGISTER)
        registers(x, in, &m);
    else
        forward(x, in, &m);
    arena_reset(&x->arena);
}

const struct role exchange_role = {
    .name = "exchange", .open = exchange_open, .close = exchange_close, .input = exchange_input};
