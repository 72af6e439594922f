/* Between log.c and log_modules.c. */
#ifndef TANDEM_BASE_LOG_INT_H
#define TANDEM_BASE_LOG_INT_H

#include "base/log.h"

bool log__module_logs(const char *module, enum log_level level);

#endif
