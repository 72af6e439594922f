/* What tools/gen-assets writes: all assets, sorted by path. */
#ifndef TANDEM_WEB_ASSETS_INT_H
#define TANDEM_WEB_ASSETS_INT_H

#include "web/assets.h"

extern const struct asset web__assets[];
extern const size_t web__asset_count;

#endif
