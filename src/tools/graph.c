/* tandem graph [NAME] */
#include "tools/graph.h"

#include <stdio.h>

#include "lead/lead.h"
#include "pair/pair.h"
#include "roles/config/writer.h"
#include "roles/control/control.h"
#include "roles/history/history.h"
#include "roles/identity/identity.h"
#include "roles/node/node.h"
#include "sip/transaction.h"
#include "tools/dispatch.h"

static const struct fsm *const machines[] = {
    &node_call_machine,
    &node_leg_machine,
    &lead_machine,
    &pair_machine,
    &writer_machine,
    &identity_machine,
    &history_stream_fsm,
    &control_alarm_machine,
    &control_keep_machine,
};

const struct fsm *graph_machine(size_t at)
{
    if (at < SIP_TRANSACTION_KINDS)
        return sip_transaction_machines[at];
    at -= SIP_TRANSACTION_KINDS;
    return at < sizeof machines / sizeof machines[0] ? machines[at] : NULL;
}

int command_graph(const struct options *options)
{
    const struct fsm *machine;
    for (size_t at = 0; (machine = graph_machine(at)) != NULL; at++) {
        if (options->word_count == 0) {
            puts(machine->name);
        } else if (strcmp(machine->name, options->words[0]) == 0) {
            struct buffer out = {0};
            fsm_graph(machine, &out);
            fwrite(out.data, 1, out.length, stdout);
            buffer_free(&out);
            return EXIT_DONE;
        }
    }
    if (options->word_count == 0)
        return EXIT_DONE;
    command_complain("there is no machine \"%.64s\"; tandem graph lists all", options->words[0]);
    return EXIT_USAGE;
}
