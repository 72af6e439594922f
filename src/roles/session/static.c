/* The web application, from inside the program. */
#include "roles/session/session_int.h"

#include "web/assets.h"

static const struct asset *find(struct slice path)
{
    if (slice_equal(path, SLICE("/")))
        return asset_find(SLICE("index.html"));
    return slice_starts(path, SLICE("/")) ? asset_find(slice_from(path, 1)) : NULL;
}

bool session__asset_exists(struct slice path)
{
    return find(path) != NULL;
}

void session__file(struct connection *c)
{
    const struct http_request *r = &c->http->request;
    const struct asset *a = find(r->path);
    if (a == NULL) {
        session__error(c, HTTP_STATUS_NOT_FOUND, NULL, "there is no such page", NULL);
        return;
    }
    struct buffer etag = {0};
    bool gzip = a->gzip != NULL && http_accepts_coding(r, SLICE("gzip"));
    struct http_answer answer = {.status = HTTP_STATUS_OK, .type = slice_text(a->type)};
    /* What lies in assets/ has its hash in its name; all else is asked for again, and mostly is as it was. */
    answer.cache = slice_starts(r->path, SLICE("/assets/")) ? SLICE("public, max-age=31536000, immutable")
                                                            : SLICE("no-cache");
    if (a->gzip != NULL)
        answer.fields = SLICE("Vary: Accept-Encoding\r\n");
    if (gzip)
        answer.coding = SLICE("gzip");
    answer.body = gzip ? slice_of(a->gzip, a->gzip_length) : slice_of(a->data, a->length);
    struct slice tag = slice_text(a->etag);
    buffer_add(&etag, slice_first(tag, tag.length - 1));
    buffer_add_text(
        &etag, gzip ? "-gzip\"" : "\""); /* another representation, another tag (RFC 9110 8.8.3.3) */
    http_answer_file(c->http, world_now(c->session->world), &answer, buffer_slice(&etag), &c->session->out);
    buffer_free(&etag);
}
