/* The first line is a Content-Type, the rest a body: whatever is found lies within it, and the walk ends. */
#include <stdlib.h>

#include "base/error.h"
#include "sip/multipart.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static bool within(struct slice part, struct slice whole)
{
    return part.length == 0 ||
           (part.data >= whole.data && part.data + part.length <= whole.data + whole.length);
}

static void walk(const struct sip_media_type *type, struct slice body, unsigned depth)
{
    struct multipart m;
    struct multipart_part part;
    unsigned count = 0;
    int more;
    if (depth > MULTIPART_DEPTH || multipart_begin(&m, type, body) != 0)
        return;
    while ((more = multipart_next(&part, &m)) > 0) {
        must(++count <= MULTIPART_LIMIT && within(part.head, body) && within(part.body, body));
        must(within(part.disposition, part.head) && within(part.id, part.head) &&
             within(part.encoding, part.head));
        walk(&part.type, part.body, depth + 1);
    }
    must(more == 0 || more == ERROR_SYNTAX || more == ERROR_LIMIT);
    must(multipart_next(&part, &m) == 0); /* nothing after the end or an error */
}

static int part_h(void *user, const struct multipart_part *part)
{
    const struct slice *whole = user;
    must(within(part->head, *whole) && within(part->body, *whole));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size), line;
    struct sip_media_type type;
    if (slice_cut(&rest, '\n', &line) && sip_media_type_parse(&type, line) == 0) {
        struct sip_header header = {.id = SIP_HEADER_CONTENT_TYPE, .value = line};
        struct sip_message m = {.headers = &header, .header_count = 1, .body = rest};
        walk(&type, rest, 0);
        int error = multipart_walk(&m, part_h, &rest);
        must(error == 0 || error == ERROR_SYNTAX || error == ERROR_LIMIT);
    }
    return 0;
}
