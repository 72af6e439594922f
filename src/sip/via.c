/* Via values (RFC 3261 20.42, 3581): reading, and completing as the one who received the message. */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/message.h"

/* token, blanks, separator (0: at least one blank), blanks. */
static int take_token(struct slice *token, struct slice *rest, char separator)
{
    *token = slice_first(*rest, sip__span(*rest, SIP__TOKEN));
    struct slice s = slice_from(*rest, token->length);
    struct slice after = sip__skip_blanks(s);
    if (token->length == 0)
        return ERROR_SYNTAX;
    if (separator == 0) {
        if (after.length == s.length)
            return ERROR_SYNTAX;
    } else {
        if (after.length == 0 || after.data[0] != separator)
            return ERROR_SYNTAX;
        after = sip__skip_blanks(slice_from(after, 1));
    }
    *rest = after;
    return 0;
}

static int once(struct slice *where, const struct sip__parameter *p)
{
    if (where->data != NULL || p->quoted || !sip__all(p->value, SIP__TOKEN))
        return ERROR_SYNTAX;
    *where = p->value;
    return 0;
}

static int take_rport(struct sip_via *via, struct slice value)
{
    uint64_t port = 0;
    if (via->has_rport)
        return ERROR_SYNTAX;
    via->has_rport = true;
    if (value.length != 0 && (slice_to_u64(&port, value, UINT16_MAX) != 0 || port == 0))
        return ERROR_SYNTAX;
    via->rport = (uint16_t)port;
    return 0;
}

/* An address; IPv6 with or without brackets (RFC 5118 4.5). */
static int take_received(struct sip_via *via, struct slice value)
{
    if (via->received.data != NULL || value.length == 0)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < value.length; i++)
        if (!sip__is(value.data[i], SIP__HOST) && strchr("[]:", value.data[i]) == NULL)
            return ERROR_SYNTAX;
    via->received = value;
    return 0;
}

static int take_parameters(struct sip_via *via)
{
    struct slice rest = via->parameters;
    struct sip__parameter p;
    int more;
    while ((more = sip__next_parameter(&p, &rest)) > 0) {
        int error = 0;
        if (p.name.length == 6 && slice_equal_nocase(p.name, SLICE("branch")))
            error = once(&via->branch, &p);
        else if (p.name.length == 5 && slice_equal_nocase(p.name, SLICE("rport")))
            error = take_rport(via, p.value);
        else if (p.name.length == 8 && slice_equal_nocase(p.name, SLICE("received")))
            error = take_received(via, p.value);
        if (error != 0)
            return error;
    }
    return more;
}

int sip_via_parse(struct sip_via *via, struct slice value)
{
    *via = (struct sip_via){0};
    struct slice rest = slice_trim(value), protocol, version, transport;
    if (take_token(&protocol, &rest, '/') != 0 || take_token(&version, &rest, '/') != 0 ||
        take_token(&transport, &rest, 0) != 0)
        return ERROR_SYNTAX;
    via->transport = transport;
    if (sip__host_port(&via->host, &via->port, &rest, true) != 0) {
        via->host = (struct slice){0};
        return ERROR_SYNTAX;
    }
    via->parameters = sip__skip_blanks(rest);
    return take_parameters(via);
}

/* ---- completing ---- */

/* The parameters but for those that are the receiver's to write. */
static void add_other_parameters(struct buffer *out, struct slice parameters)
{
    struct slice rest = parameters;
    struct sip__parameter p;
    while (sip__next_parameter(&p, &rest) > 0) {
        if (slice_equal_nocase(p.name, SLICE("rport")) || slice_equal_nocase(p.name, SLICE("received")))
            continue;
        buffer_add_byte(out, ';');
        buffer_add(out, p.name);
        if (p.quoted) {
            buffer_add_text(out, "=\"");
            buffer_add(out, p.value);
            buffer_add_byte(out, '"');
        } else if (p.value.length != 0) {
            buffer_add_byte(out, '=');
            buffer_add(out, p.value);
        }
    }
}

bool sip_needs_stamp(const struct sip_message *m, struct slice received)
{
    return m->via.has_rport || m->via.received.length != 0 || !slice_equal(m->via.host, received);
}

void sip_add_stamped(struct buffer *out, const struct sip_message *m, struct slice received, uint16_t port)
{
    const struct sip_header *h = sip_header(m, SIP_HEADER_VIA);
    bool folded, bad;
    if (h == NULL || h->name.data < m->text.data) {
        buffer_add(out, m->text);
        return;
    }
    size_t begin = (size_t)(h->name.data - m->text.data);
    size_t end = sip__line_end(m->text, begin, &folded, &bad);
    struct slice first = sip__first_element(h->value);
    size_t used = (size_t)(first.data + first.length - h->value.data);
    size_t head = first.length - m->via.parameters.length;
    buffer_add(out, slice_first(m->text, begin));
    buffer_add_text(out, "Via: ");
    buffer_add(out, slice_trim(slice_first(first, head)));
    add_other_parameters(out, m->via.parameters);
    buffer_add_text(out, ";received=");
    if (received.length > 2 && received.data[0] == '[')
        received = slice_of(received.data + 1, received.length - 2); /* RFC 5118 4.5 */
    buffer_add(out, received);
    if (m->via.has_rport)
        buffer_add_format(out, ";rport=%u", port);
    buffer_add(out, slice_from(h->value, used));
    buffer_add(out, slice_from(m->text, end));
}
