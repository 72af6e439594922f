/* What the proxies know of a call, asked page by page through the gateway. */
#ifndef TANDEM_TOOLS_TRACE_ASK_H
#define TANDEM_TOOLS_TRACE_ASK_H

#include "tools/table.h"
#include "tools/trace/trace.h"

#define ASKED_CALL 17 /* with the NUL */

struct asked {
    const struct options *o;
    char call[ASKED_CALL]; /* "": a dialog that is part of no call of a node */
    json_t *dialogs;       /* rows, each Call-ID once */
    json_t *answers;       /* pages of messages as they came */
    json_t *positions;     /* by proxy: the last number, and when the proxy was started */
    bool told;             /* that a proxy is silent */
};

void asked_free(struct asked *a);
/* The field of a row, or "". */
const char *asked_text(const json_t *row, const char *field);
/* Dialogs with this property, as a new list; NULL: nobody could be asked, and it was said why. */
json_t *ask_dialogs(struct asked *a, const char *field, const char *value);
/* Those of the call, or with the Call-ID, that a word names; NULL in a->dialogs as above. */
void ask_call(struct asked *a, const char *word);
/* Dialogs that the call has got since; false: nobody could be asked. */
bool ask_new_dialogs(struct asked *a);
/* All messages of the dialogs; false: nobody could be asked. */
bool ask_messages(struct asked *a);
/* Those that came since. */
void ask_more(struct asked *a);
void ask_put_together(struct trace *t, const struct asked *a);

#endif
