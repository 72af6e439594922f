/* Looking into a parsed message: headers by id, values of lists. */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/message.h"

static bool is_list(enum sip_header_id id)
{
    static const bool lists[] = {
        false,
#define HEADER(symbol, name, compact, list) list,
#include "sip/header.def"
#undef HEADER
    };
    return lists[id];
}

const struct sip_header *sip_header(const struct sip_message *m, enum sip_header_id id)
{
    for (size_t i = 0; i < m->header_count; i++)
        if (m->headers[i].id == id)
            return &m->headers[i];
    return NULL;
}

struct slice sip_header_value(const struct sip_message *m, enum sip_header_id id)
{
    const struct sip_header *h = sip_header(m, id);
    return h != NULL ? h->value : (struct slice){0};
}

/* Index of the comma that ends the first element, or the length. Commas in quotes and in <> are not meant. */
static size_t element_end(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] == ',')
            return i;
        if (s.data[i] == '"') {
            size_t end = sip__quoted_end(slice_from(s, i));
            if (end == 0)
                return s.length;
            i += end;
        } else if (s.data[i] == '<') {
            ptrdiff_t end = slice_find(slice_from(s, i), '>');
            if (end < 0)
                return s.length;
            i += (size_t)end;
        }
    }
    return s.length;
}

struct slice sip__first_element(struct slice value)
{
    return slice_trim(slice_first(value, element_end(value)));
}

bool sip_next_value(
    const struct sip_message *m, enum sip_header_id id, struct sip_cursor *at, struct slice *value)
{
    for (; at->line < m->header_count; at->line++, at->offset = 0) {
        const struct sip_header *h = &m->headers[at->line];
        if (h->id != id)
            continue;
        if (!is_list(id)) {
            at->line++;
            *value = h->value;
            return true;
        }
        while (at->offset < h->value.length) {
            struct slice rest = slice_from(h->value, at->offset);
            size_t end = element_end(rest);
            at->offset += end + 1;
            *value = slice_trim(slice_first(rest, end));
            if (value->length != 0)
                return true;
        }
    }
    return false;
}

bool sip_has_option(const struct sip_message *m, enum sip_header_id id, struct slice option)
{
    struct sip_cursor at = {0};
    struct slice value;
    while (sip_next_value(m, id, &at, &value))
        if (slice_equal_nocase(value, option))
            return true;
    return false;
}
