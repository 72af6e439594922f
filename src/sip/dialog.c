#include "sip/dialog.h"

#include "base/error.h"
#include "base/mem.h"
#include "sip/uri.h"

void sip_dialog_free(struct sip_dialog *d)
{
    mem_free(d->memory);
    *d = (struct sip_dialog){0};
}

/* Copies all texts of the dialog into memory of its own; what it had before is freed last, since texts may
 * lie there. */
static void own(struct sip_dialog *d)
{
    struct slice *texts[6 + DIALOG_ROUTES] = {
        &d->call_id, &d->local_tag, &d->remote_tag, &d->local, &d->remote, &d->remote_target};
    size_t count = 6, size = 0;
    for (unsigned i = 0; i < d->route_count; i++)
        texts[count++] = &d->routes[i];
    for (size_t i = 0; i < count; i++)
        size += texts[i]->length;
    char *memory = mem_alloc(size), *at = memory;
    for (size_t i = 0; i < count; i++) {
        slice_put(at, *texts[i]);
        texts[i]->data = at;
        at += texts[i]->length;
    }
    mem_free(d->memory);
    d->memory = memory;
}

void sip_dialog_copy(struct sip_dialog *d, const struct sip_dialog *from)
{
    *d = *from;
    d->memory = NULL;
    own(d);
}

/* The value of From or To up to its parameters. */
static int without_tag(struct slice *out, struct slice value)
{
    struct sip_name_address a;
    int error = sip_name_address_parse(&a, value);
    if (error != 0)
        return error;
    *out = slice_empty(a.parameters)
               ? value
               : slice_trim(slice_of(value.data, (size_t)(a.parameters.data - value.data)));
    return 0;
}

static int read_target(struct slice *target, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice contact;
    if (!sip_next_value(m, SIP_HEADER_CONTACT, &at, &contact))
        return ERROR_MISSING;
    int error = sip_name_address_parse(&a, contact);
    if (error != 0 || a.star)
        return ERROR_SYNTAX;
    *target = a.uri;
    return 0;
}

/* Record-Route values; for the one who called they are met in reverse order (RFC 3261 12.1.2). */
static int read_routes(struct sip_dialog *d, const struct sip_message *m, bool reverse)
{
    struct sip_cursor at = {0};
    struct slice value;
    d->route_count = 0;
    while (sip_next_value(m, SIP_HEADER_RECORD_ROUTE, &at, &value)) {
        if (d->route_count == DIALOG_ROUTES)
            return ERROR_LIMIT;
        d->routes[d->route_count++] = value;
    }
    for (unsigned i = 0; reverse && i < d->route_count / 2; i++) {
        struct slice swap = d->routes[i];
        d->routes[i] = d->routes[d->route_count - 1 - i];
        d->routes[d->route_count - 1 - i] = swap;
    }
    return 0;
}

int sip_dialog_from_request(struct sip_dialog *d, const struct sip_message *request, struct slice local_tag)
{
    *d = (struct sip_dialog){.call_id = request->call_id,
        .local_tag = local_tag,
        .remote_tag = request->from_tag,
        .remote_cseq = request->cseq};
    int error = without_tag(&d->local, request->to);
    if (error == 0)
        error = without_tag(&d->remote, request->from);
    if (error == 0)
        error = read_target(&d->remote_target, request);
    if (error == 0)
        error = read_routes(d, request, false);
    if (error != 0) {
        *d = (struct sip_dialog){0};
        return error;
    }
    own(d);
    return 0;
}

void sip_dialog_begin(struct sip_dialog *d, struct slice call_id, struct slice local_tag, struct slice local,
    struct slice remote, struct slice target, struct slice route)
{
    *d = (struct sip_dialog){.call_id = call_id,
        .local_tag = local_tag,
        .local = local,
        .remote = remote,
        .remote_target = target,
        .routes = {route},
        .route_count = !slice_empty(route)};
    own(d);
}

int sip_dialog_from_response(struct sip_dialog *d, const struct sip_message *response)
{
    struct sip_dialog next = *d;
    next.remote_tag = response->to_tag;
    int error = read_routes(&next, response, true);
    if (error == 0)
        error = read_target(&next.remote_target, response);
    if (error == ERROR_MISSING && response->status < 200)
        error = 0; /* a provisional response without Contact: the target stays */
    if (error != 0)
        return error;
    *d = next;
    own(d);
    return 0;
}

int sip_dialog_from_answer(struct sip_dialog *d, const struct sip_message *answer)
{
    struct sip_dialog begun = {.call_id = answer->call_id, .local_tag = answer->from_tag};
    int error = without_tag(&begun.local, answer->from);
    if (error == 0)
        error = without_tag(&begun.remote, answer->to);
    if (error != 0)
        return error;
    *d = begun;
    own(d);
    error = sip_dialog_from_response(d, answer);
    if (error != 0)
        sip_dialog_free(d);
    return error;
}

int sip_dialog_refresh(struct sip_dialog *d, const struct sip_message *m)
{
    struct sip_dialog next = *d;
    int error = read_target(&next.remote_target, m);
    if (error != 0)
        return error;
    if (slice_equal(next.remote_target, d->remote_target))
        return 0;
    *d = next;
    own(d);
    return 0;
}

int sip_dialog_accept(struct sip_dialog *d, const struct sip_message *request)
{
    if (!slice_equal(request->call_id, d->call_id) || !slice_equal(request->to_tag, d->local_tag) ||
        !slice_equal(request->from_tag, d->remote_tag))
        return ERROR_MISSING;
    if (request->method == SIP_ACK || request->method == SIP_CANCEL)
        return 0;
    if (d->remote_cseq != 0 && request->cseq <= d->remote_cseq)
        return ERROR_STALE;
    d->remote_cseq = request->cseq;
    return 0;
}

void sip_dialog_add_request(
    struct buffer *out, const struct sip_dialog *d, enum sip_method method, uint32_t cseq, struct slice via)
{
    struct slice name = slice_text(sip_method_name(method));
    sip_add_request_line(out, name, d->remote_target);
    sip_add_header(out, SIP_HEADER_VIA, via);
    for (unsigned i = 0; i < d->route_count; i++)
        sip_add_header(out, SIP_HEADER_ROUTE, d->routes[i]);
    sip_add_header(out, SIP_HEADER_MAX_FORWARDS, SLICE("70"));
    buffer_add_format(out, "From: %.*s;tag=%.*s\r\n", SLICE_ARG(d->local), SLICE_ARG(d->local_tag));
    buffer_add_format(out, "To: %.*s", SLICE_ARG(d->remote));
    if (!slice_empty(d->remote_tag))
        buffer_add_format(out, ";tag=%.*s", SLICE_ARG(d->remote_tag));
    buffer_add_text(out, "\r\n");
    sip_add_header(out, SIP_HEADER_CALL_ID, d->call_id);
    buffer_add_format(out, "CSeq: %u %.*s\r\n", cseq, SLICE_ARG(name));
}
