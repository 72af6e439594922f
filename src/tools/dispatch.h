/* Sub-commands: one constant table, which also prints the help.
 *
 *     main ── dispatch ──┬── run                           (main's own)
 *                        ├── get, apply, delete ──HTTPS──> a running system
 *                        ├── status, alarms, acknowledge ──HTTPS──> one that is found by itself
 *                        └── doctor, backup, restore, accounts, firewall, graph, reference, version, help
 *
 * Exit status: 0 done, 1 it could not be done, 2 it was not asked for in a way that makes sense. Of
 * status: 0 all is well, 1 something is not, 2 nobody can be asked. */
#ifndef TANDEM_TOOLS_DISPATCH_H
#define TANDEM_TOOLS_DISPATCH_H

#include "config/start/option.h"

enum exit_status { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct command {
    const char *name, *arguments, *help;
    uint64_t options;     /* OPTION_BITs that it takes; with OPTION_CONFIG the start file is read */
    unsigned least, most; /* words after its name */
    int (*run)(const struct options *options); /* returns an exit_status */
};

/* `first` is main's own command, listed before the others; NULL: none. Returns the exit status. */
int dispatch(const struct command *first, int count, char **arguments);

/* "tandem: ..." on standard error, one line. */
void command_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The commands of this room. */
int command_get(const struct options *options);
int command_apply(const struct options *options);
int command_delete(const struct options *options);
int command_export(const struct options *options);
int command_changes(const struct options *options);
int command_undo(const struct options *options);
int command_status(const struct options *options);
int command_registrations(const struct options *options);
int command_trace(const struct options *options);
int command_zone(const struct options *options);
int command_trunks(const struct options *options);
int command_alarms(const struct options *options);
int command_acknowledge(const struct options *options);
int command_bans(const struct options *options);
int command_ban(const struct options *options);
int command_unban(const struct options *options);
int command_join(const struct options *options);
int command_authority(const struct options *options);
int command_renew(const struct options *options);
int command_members(const struct options *options);
int command_trust(const struct options *options);
int command_revoke(const struct options *options);
int command_code(const struct options *options);
int command_backup(const struct options *options);
int command_restore(const struct options *options);
int command_accounts(const struct options *options);
int command_firewall(const struct options *options);
int command_doctor(const struct options *options);
int command_graph(const struct options *options);
int command_reference(const struct options *options);

/* Adds the list of all commands in Markdown, for the reference. */
void dispatch_reference(struct buffer *out);

#endif
