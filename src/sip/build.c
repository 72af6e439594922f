/* Building messages. Whatever values come from, no line break gets into a line. */
#include "sip/message.h"

static void add_value(struct buffer *out, struct slice value)
{
    while (value.length != 0) {
        size_t length = 0;
        while (length < value.length && value.data[length] != '\r' && value.data[length] != '\n')
            length++;
        buffer_add(out, slice_first(value, length));
        if (length < value.length)
            buffer_add_byte(out, ' ');
        value = slice_from(value, length + 1);
    }
}

void sip_add_request_line(struct buffer *out, struct slice method, struct slice uri)
{
    add_value(out, method);
    buffer_add_byte(out, ' ');
    add_value(out, uri);
    buffer_add_text(out, " SIP/2.0\r\n");
}

void sip_add_status_line(struct buffer *out, uint16_t status, struct slice reason)
{
    buffer_add_text(out, "SIP/2.0 ");
    buffer_add_u64(out, status);
    buffer_add_byte(out, ' ');
    add_value(out, reason.length != 0 ? reason : slice_text(sip_reason(status)));
    buffer_add_text(out, "\r\n");
}

static bool is_one_line(struct slice s)
{
    return s.length == 0 ||
           (memchr(s.data, '\r', s.length) == NULL && memchr(s.data, '\n', s.length) == NULL);
}

void sip_add_other(struct buffer *out, struct slice name, struct slice value)
{
    size_t length = name.length + value.length + 4;
    char *room = is_one_line(name) && is_one_line(value) ? buffer_room(out, length) : NULL;
    if (room == NULL) {
        add_value(out, name);
        buffer_add_text(out, ": ");
        add_value(out, value);
        buffer_add_text(out, "\r\n");
        return;
    }
    slice_put(room, name);
    memcpy(room + name.length, ": ", 2);
    slice_put(room + name.length + 2, value);
    memcpy(room + name.length + 2 + value.length, "\r\n", 2);
    out->length += length;
}

void sip_add_header(struct buffer *out, enum sip_header_id id, struct slice value)
{
    sip_add_other(out, slice_text(sip_header_name(id)), value);
}

void sip_add_headers_of(struct buffer *out, const struct sip_message *m, uint64_t skip)
{
    skip |= SIP_HEADER_BIT(SIP_HEADER_CONTENT_LENGTH);
    for (size_t i = 0; i < m->header_count; i++)
        if ((skip & SIP_HEADER_BIT(m->headers[i].id)) == 0)
            sip_add_other(out, m->headers[i].name, m->headers[i].value);
}

void sip_add_body(struct buffer *out, struct slice type, struct slice body)
{
    if (body.length != 0 && type.length != 0)
        sip_add_header(out, SIP_HEADER_CONTENT_TYPE, type);
    buffer_add_text(out, "Content-Length: ");
    buffer_add_u64(out, body.length);
    buffer_add_text(out, "\r\n\r\n");
    buffer_add(out, body);
}

static void add_all(struct buffer *out, const struct sip_message *m, enum sip_header_id id)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].id == id)
            sip_add_header(out, id, m->headers[i].value);
}

/* RFC 3261 12.1.1, 6665 4.2.1, 3515 2.4.4: what makes a dialog. */
static bool makes_dialog(const struct sip_message *request, uint16_t status)
{
    return status > 100 && status < 300 &&
           (request->method == SIP_INVITE || request->method == SIP_SUBSCRIBE ||
               request->method == SIP_REFER);
}

void sip_add_response_head(struct buffer *out, const struct sip_message *request, uint16_t status,
    struct slice reason, struct slice to_tag)
{
    sip_add_status_line(out, status, reason);
    add_all(out, request, SIP_HEADER_VIA);
    add_all(out, request, SIP_HEADER_FROM);
    const struct sip_header *to = sip_header(request, SIP_HEADER_TO);
    if (to != NULL) {
        buffer_add_text(out, "To: ");
        add_value(out, to->value);
        if (status > 100 && request->to_tag.length == 0 && to_tag.length != 0) {
            buffer_add_text(out, ";tag=");
            add_value(out, to_tag);
        }
        buffer_add_text(out, "\r\n");
    }
    add_all(out, request, SIP_HEADER_CALL_ID);
    add_all(out, request, SIP_HEADER_CSEQ);
    if (status == 100) /* RFC 3261 8.2.6.1 */
        add_all(out, request, SIP_HEADER_TIMESTAMP);
    if (makes_dialog(request, status))
        add_all(out, request, SIP_HEADER_RECORD_ROUTE);
}
