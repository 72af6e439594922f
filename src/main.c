/* The program: reads what it is asked to do and does it. */
#include "run/run.h"

#define STARTING                                                                                             \
    (OPTION_BIT(OPTION_DATA) | OPTION_BIT(OPTION_LISTEN) | OPTION_BIT(OPTION_WEB) | OPTION_BIT(OPTION_LOG) | \
        OPTION_BIT(OPTION_LOG_FORMAT) | OPTION_BIT(OPTION_CONFIG))

static const struct command run = {
    "run", "", "starts a whole contact centre in this process", STARTING, 0, 0, command_run};

int main(int count, char **arguments)
{
    return dispatch(&run, count, arguments);
}
