/* The web applications, inside the program: web/dist as it was when the program was built.
 *
 * Everything here lives as long as the program. Without a built web/dist there is nothing to find.
 */
#ifndef TANDEM_WEB_ASSETS_H
#define TANDEM_WEB_ASSETS_H

#include <stddef.h>
#include "base/slice.h"

struct asset {
    const char *path; /* as in a URL, without the leading slash: "index.html", "assets/agent-3f2a.js" */
    const char *type; /* media type for Content-Type */
    const char *etag; /* SHA-256 of the content in quotes, for ETag */
    const unsigned char *data;
    size_t length;
    const unsigned char *gzip; /* the same compressed; NULL where that saves nothing */
    size_t gzip_length;
};

/* The file with exactly this path, or NULL. */
const struct asset *asset_find(struct slice path);

#endif
