/* Static files: conditions (RFC 9110 13) and ranges (RFC 9110 14). */
#include "http/http_int.h"

/* Entity tags are compared without their weakness unless `strong`: then a weak one never matches. */
static bool tag_matches(struct slice tag, struct slice etag, bool strong)
{
    bool weak = slice_starts(tag, SLICE("W/"));
    return !(weak && strong) && slice_equal(weak ? slice_from(tag, 2) : tag, etag);
}

/* A list of entity tags, over all lines of the field, or '*'. */
static bool list_matches(const struct http_request *r, struct slice name, struct slice etag, bool strong)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (!slice_equal_nocase(r->fields[i].name, name))
            continue;
        struct slice rest = r->fields[i].value, tag;
        while (slice_cut(&rest, ',', &tag)) {
            tag = slice_trim(tag);
            if (slice_equal(tag, SLICE("*")) || tag_matches(tag, etag, strong))
                return true;
        }
    }
    return false;
}

enum range { RANGE_NONE, RANGE_PART, RANGE_OUTSIDE };

/* One range only; several, another unit and what is not well-formed are ignored (RFC 9110 14.2). */
static enum range parse_range(struct slice value, size_t total, size_t *first, size_t *last)
{
    struct slice part;
    uint64_t from, to;
    if (!slice_starts_nocase(value, SLICE("bytes=")))
        return RANGE_NONE;
    value = slice_trim(slice_from(value, 6));
    if (slice_find(value, ',') >= 0 || !slice_cut(&value, '-', &part) || value.data == NULL)
        return RANGE_NONE;
    bool has_from = part.length != 0, has_to = value.length != 0;
    if (!has_from && !has_to)
        return RANGE_NONE;
    if ((has_from && slice_to_u64(&from, part, INT64_MAX) != 0) ||
        (has_to && slice_to_u64(&to, value, INT64_MAX) != 0))
        return RANGE_NONE;
    if (!has_from) { /* the last bytes */
        if (to == 0 || total == 0)
            return RANGE_OUTSIDE;
        *first = to < total ? total - (size_t)to : 0;
        *last = total - 1;
        return RANGE_PART;
    }
    if (has_to && to < from)
        return RANGE_NONE;
    if (from >= total)
        return RANGE_OUTSIDE;
    *first = (size_t)from;
    *last = has_to && to < total ? (size_t)to : total - 1;
    return RANGE_PART;
}

/* If-Range holds only with the same strong tag; a date never does, we give none. */
static bool range_wanted(const struct http_request *r, struct slice etag)
{
    if (r->method != HTTP_GET || !http_has_field(r, SLICE("Range")))
        return false;
    return !http_has_field(r, SLICE("If-Range")) || tag_matches(http_field(r, SLICE("If-Range")), etag, true);
}

static void add_fields(struct buffer *fields, const struct http_answer *a, struct slice etag)
{
    buffer_add(fields, a->fields);
    buffer_add_text(fields, "ETag: ");
    buffer_add(fields, etag);
    buffer_add_text(fields, "\r\nAccept-Ranges: bytes\r\n");
}

void http_answer_file(struct http_connection *c, int64_t now, const struct http_answer *a, struct slice etag,
    struct buffer *out)
{
    const struct http_request *r = &c->request;
    struct http_answer answer = *a;
    struct buffer fields = {0};
    size_t first = 0, last = 0;
    enum range range = RANGE_NONE;
    add_fields(&fields, a, etag);
    if (http_has_field(r, SLICE("If-Match")) && !list_matches(r, SLICE("If-Match"), etag, true)) {
        answer.status = HTTP_STATUS_PRECONDITION_FAILED;
    } else if (list_matches(r, SLICE("If-None-Match"), etag, false)) {
        answer.status = HTTP_STATUS_NOT_MODIFIED;
        answer.type = answer.coding = (struct slice){NULL, 0}; /* they describe a body (RFC 9110 15.4.5) */
    } else if (range_wanted(r, etag)) {
        range = parse_range(http_field(r, SLICE("Range")), a->body.length, &first, &last);
    }
    if (range == RANGE_PART) {
        answer.status = HTTP_STATUS_PARTIAL_CONTENT;
        answer.body = slice_of(a->body.data + first, last - first + 1);
        buffer_add_format(&fields, "Content-Range: bytes %zu-%zu/%zu\r\n", first, last, a->body.length);
    } else if (range == RANGE_OUTSIDE) {
        answer.status = HTTP_STATUS_RANGE_NOT_SATISFIABLE;
        buffer_add_format(&fields, "Content-Range: bytes */%zu\r\n", a->body.length);
    }
    struct slice none = {0};
    answer.fields = buffer_slice(&fields);
    if (answer.status >= 400)
        http_answer_error(c, now, answer.status, none, none, answer.fields, out);
    else
        http_answer(c, now, &answer, out);
    buffer_free(&fields);
}
