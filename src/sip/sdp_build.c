/* Writing descriptions with something changed. */
#include "sip/sdp_int.h"

static void add_line(struct buffer *out, char type, struct slice value)
{
    buffer_add_byte(out, type);
    buffer_add_byte(out, '=');
    buffer_add(out, value);
    buffer_add_text(out, "\r\n");
}

void sdp_add_with_origin(struct buffer *out, struct slice text, uint64_t id, uint64_t version)
{
    struct sdp__line line;
    while (sdp__next_line(&line, &text) > 0) {
        if (line.type != 'o') {
            add_line(out, line.type, line.value);
            continue;
        }
        struct slice rest = line.value;
        buffer_add_text(out, "o=");
        buffer_add(out, sdp__word(&rest));
        sdp__word(&rest);
        sdp__word(&rest);
        buffer_add_byte(out, ' ');
        buffer_add_u64(out, id);
        buffer_add_byte(out, ' ');
        buffer_add_u64(out, version);
        buffer_add_byte(out, ' ');
        buffer_add(out, rest);
        buffer_add_text(out, "\r\n");
    }
}

static void add_direction(struct buffer *out, enum sdp_direction direction)
{
    add_line(out, 'a', slice_text(sdp_direction_name(direction)));
}

void sdp_add_with_direction(struct buffer *out, struct slice text, enum sdp_direction direction)
{
    struct sdp__line line;
    enum sdp_direction old;
    bool in_media = false;
    while (sdp__next_line(&line, &text) > 0) {
        if (sdp__direction(&old, &line))
            continue;
        if (line.type == 'm') {
            if (in_media)
                add_direction(out, direction);
            in_media = true;
        }
        add_line(out, line.type, line.value);
    }
    if (in_media)
        add_direction(out, direction);
}

static void add_rejected_media(struct buffer *out, struct slice value)
{
    buffer_add_text(out, "m=");
    buffer_add(out, sdp__word(&value));
    sdp__word(&value);
    buffer_add_text(out, " 0 ");
    buffer_add(out, value);
    buffer_add_text(out, "\r\n");
}

void sdp_add_with_rejected(struct buffer *out, struct slice text, uint32_t rejected)
{
    struct sdp__line line;
    uint32_t bit = 0; /* of the section that is written; 0 in the session's */
    while (sdp__next_line(&line, &text) > 0) {
        if (line.type == 'm')
            bit = bit != 0 ? bit << 1 : 1;
        if ((rejected & bit) == 0)
            add_line(out, line.type, line.value);
        else if (line.type == 'm')
            add_rejected_media(out, line.value);
        else if (line.type == 'a' && slice_equal(sdp__attribute(line.value).name, SLICE("mid")))
            add_line(out, line.type, line.value);
    }
}
