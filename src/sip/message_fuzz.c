/* parse, rebuild, parse again: the same fields. And: streams are framed alike however they arrive. */
#include <stdlib.h>

#include "base/error.h"
#include "sip/message.h"
#include "sip/uri.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static void same_fields(const struct sip_message *a, const struct sip_message *b)
{
    must(a->is_request == b->is_request && a->method == b->method && a->status == b->status);
    must(slice_equal(a->method_name, b->method_name) && slice_equal(a->uri, b->uri));
    must(slice_equal(a->from, b->from) && slice_equal(a->to, b->to) && slice_equal(a->call_id, b->call_id));
    must(slice_equal(a->from_tag, b->from_tag) && slice_equal(a->to_tag, b->to_tag));
    must(a->cseq == b->cseq && a->max_forwards == b->max_forwards);
    must(slice_equal(a->via.host, b->via.host) && slice_equal(a->via.branch, b->via.branch));
    must(a->via.port == b->via.port && a->via.rport == b->via.rport && a->via.has_rport == b->via.has_rport);
    must(slice_equal(a->body, b->body));
}

static void same_headers(const struct sip_message *a, const struct sip_message *b)
{
    size_t k = 0;
    for (size_t i = 0; i < a->header_count; i++) {
        if (a->headers[i].id == SIP_HEADER_CONTENT_LENGTH)
            continue;
        must(k < b->header_count && a->headers[i].id == b->headers[k].id);
        must(slice_equal(a->headers[i].name, b->headers[k].name));
        must(slice_equal(a->headers[i].value, b->headers[k].value));
        k++;
    }
    must(k + 1 == b->header_count);
}

static void walk(const struct sip_message *m)
{
    struct sip_name_address address;
    struct sip_uri uri;
    struct slice value;
    char room[64];
    for (int id = 1; id < SIP_HEADERS; id++) {
        struct sip_cursor at = {0};
        while (sip_next_value(m, (enum sip_header_id)id, &at, &value))
            if (sip_name_address_parse(&address, value) == 0 && sip_uri_parse(&uri, address.uri) == 0 &&
                sip_uri_user(&value, &uri, room, sizeof room) == 0)
                must(sip_uri_equal(&uri, &uri));
    }
}

static void rebuild(const struct sip_message *m, struct arena *arena)
{
    struct buffer out = {0};
    struct sip_message again;
    if (m->is_request)
        sip_add_request_line(&out, m->method_name, m->uri);
    else
        sip_add_status_line(&out, m->status, m->reason);
    sip_add_headers_of(&out, m, 0);
    sip_add_body(&out, (struct slice){0}, m->body);
    int error = sip_parse(&again, buffer_slice(&out), arena, NULL);
    /* The rebuilt one has a Content-Length, with which it may be one header or some bytes too many. */
    if (error != ERROR_LIMIT) {
        must(error == 0);
        same_fields(m, &again);
        same_headers(m, &again);
    }
    buffer_clear(&out);
    sip_add_stamped(&out, m, SLICE("[2001:db8::1]"), 5070);
    error = sip_parse(&again, buffer_slice(&out), arena, NULL);
    must(error == ERROR_LIMIT ||
         (error == 0 && slice_equal(again.via.received, SLICE("2001:db8::1")) &&
             slice_equal(again.body, m->body) && slice_equal(again.via.branch, m->via.branch)));
    if (m->is_request) {
        buffer_clear(&out);
        sip_add_response_head(&out, m, 200, (struct slice){0}, SLICE("tag"));
        sip_add_body(&out, (struct slice){0}, (struct slice){0});
        error = sip_parse(&again, buffer_slice(&out), arena, NULL);
        must(error == 0 || error == ERROR_LIMIT);
    }
    buffer_free(&out);
}

/* What the whole stream says must be what its shorter and longer parts say. */
static void frame(struct slice stream, struct arena *arena)
{
    size_t length = 0, skip = 0, part_length, part_skip;
    unsigned pings, part_pings;
    struct sip_message m;
    int whole = sip_stream_length(&length, &skip, &pings, stream);
    for (size_t i = 0; i < stream.length; i++) {
        int part = sip_stream_length(&part_length, &part_skip, &part_pings, slice_first(stream, i));
        must(part_skip <= i && part_skip <= skip);
        if (part == ERROR_AGAIN)
            continue;
        must(part == whole && (part != 0 || (part_length == length && part_skip == skip)));
    }
    if (whole != 0)
        return;
    must(skip + length <= stream.length);
    /* The parser and the framing agree about the body. */
    struct slice text = slice_first(slice_from(stream, skip), length);
    if (sip_parse(&m, text, arena, NULL) == 0)
        must(m.body.data + m.body.length == text.data + text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct sip_message m;
    uint16_t status = 0;
    int error = sip_parse(&m, slice_of(data, size), &arena, &status);
    must(error == 0 || error == ERROR_SYNTAX || error == ERROR_LIMIT);
    must(error != 0 || status == 0);
    must(status == 0 || m.is_request);
    walk(&m);
    if (error == 0)
        rebuild(&m, &arena);
    if (size < 4096)
        frame(slice_of(data, size), &arena);
    arena_free(&arena);
    return 0;
}
