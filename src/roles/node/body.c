/* What a message brings besides its head (RFC 3261 8.2.3, 5621): the session description, which is for us,
 * and other parts, which are not. Everything behind here sees a message whose body is the description, or
 * none. */
#include "base/error.h"
#include "roles/node/node_int.h"
#include "sip/multipart.h"
#include "sip/sdp.h"
#include "sip/uri.h"

struct reading {
    const struct node *node;
    const struct sip_message *message;
    struct slice description;
    bool found, alternative;
    bool foreign; /* something must be understood that is not */
};

static bool is_encoded(struct slice encoding)
{
    static const struct slice plain[] = {
        SLICE_INIT("7bit"), SLICE_INIT("8bit"), SLICE_INIT("binary"), SLICE_INIT("identity"), SLICE_INIT("")};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (slice_equal_nocase(encoding, plain[i]))
            return false;
    return true;
}

/* RFC 3261 20.11: who says nothing of a body means that it must be understood. Of one part among several this
 * is not held against the sender: what stands beside a description, such as a location, mostly says nothing,
 * and the call is worth more. */
static bool must_be_understood(const struct reading *r, const struct multipart_part *part)
{
    struct slice handling;
    ptrdiff_t at = slice_find(part->disposition, ';');
    if (at >= 0 && sip_parameter(slice_from(part->disposition, (size_t)at), SLICE("handling"), &handling))
        return !slice_equal_nocase(handling, SLICE("optional")) && !part->alternative;
    return part->body.length == r->message->body.length;
}

static int part_h(void *user, const struct multipart_part *part)
{
    struct reading *r = user;
    if (sip_media_type_is(&part->type, SLICE("application"), SLICE("sdp"))) {
        if (r->found && !(r->alternative && part->alternative))
            return 0;
        r->found = true;
        r->alternative = part->alternative;
        r->description = part->body;
        r->foreign = r->foreign || is_encoded(part->encoding);
    } else if (must_be_understood(r, part) && !node__carries_body(r->node, &part->type)) {
        r->foreign = true;
    }
    return 0;
}

static void set_body(struct sip_message *plain, struct node *n, struct slice description)
{
    struct sip_header *headers = arena_alloc(&n->arena, plain->header_count * sizeof *headers + 1);
    for (size_t i = 0; i < plain->header_count; i++) {
        headers[i] = plain->headers[i];
        if (headers[i].id == SIP_HEADER_CONTENT_TYPE)
            headers[i].value = NODE_SDP;
    }
    plain->headers = headers;
    plain->body = description;
}

uint16_t node__unpack(struct sip_message *plain, struct node *n, const struct sip_message *m)
{
    struct reading r = {.node = n, .message = m};
    *plain = *m;
    if (m->body.length == 0)
        return 0;
    int error = multipart_walk(m, part_h, &r);
    set_body(plain, n, error == 0 && !r.foreign ? r.description : slice_first(m->body, 0));
    if (error != 0 || r.foreign)
        return error != 0 ? 400 : 415;
    struct sdp description;
    return r.description.length != 0 && sdp_parse(&description, r.description, &n->arena) != 0 ? 488 : 0;
}

bool node__is_sdp(const struct sip_message *m)
{
    struct sip_media_type type;
    return m->body.length != 0 &&
           sip_media_type_parse(&type, sip_header_value(m, SIP_HEADER_CONTENT_TYPE)) == 0 &&
           sip_media_type_is(&type, SLICE("application"), SLICE("sdp"));
}
