/* CRC-32C (Castagnoli, as in RFC 3720 appendix B.4): finds damage, does not keep strangers out. */
#ifndef TANDEM_ENGINE_CRC32C_H
#define TANDEM_ENGINE_CRC32C_H

#include "base/slice.h"

uint32_t crc32c(struct slice s);

#endif
