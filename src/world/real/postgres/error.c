/* What PostgreSQL says (its manual, appendix A) as our codes: the same that the store in the process gives.
 */
#include <string.h>

#include "base/error.h"
#include "world/real/postgres/postgres_int.h"

/* The longest prefix counts, so it stands first. */
static const struct {
    const char *state;
    int error;
} states[] = {
    {"TD001", ERROR_CONFLICT},    /* our own: a statement that had to change a row did not */
    {"23505", ERROR_EXISTS},      /* unique_violation */
    {"23503", ERROR_REFERENCE},   /* foreign_key_violation */
    {"23", ERROR_RANGE},          /* other integrity constraints */
    {"22021", ERROR_SYNTAX},      /* character_not_in_repertoire */
    {"22", ERROR_RANGE},          /* data exceptions */
    {"25006", ERROR_UNREACHABLE}, /* read_only_sql_transaction: the server became a standby */
    {"28", ERROR_UNAUTHENTICATED},
    {"3D000", ERROR_MISSING}, /* invalid_catalog_name: no such database */
    {"40", ERROR_BUSY},       /* transaction_rollback: serialization, deadlock */
    {"42501", ERROR_DENIED},  /* insufficient_privilege */
    {"42", ERROR_CORRUPT},    /* the schema is not ours */
    {"53100", ERROR_DISK},    /* disk_full */
    {"53", ERROR_OVERLOADED}, /* insufficient resources */
    {"54", ERROR_LIMIT},
    {"55P03", ERROR_BUSY},  /* lock_not_available */
    {"57014", ERROR_LIMIT}, /* query_canceled: it ran too long */
    {"57", ERROR_UNREACHABLE},
    {"58", ERROR_DISK},
    {"XX001", ERROR_CORRUPT},
    {"XX002", ERROR_CORRUPT},
};

/* No state: libpq says that the connection is lost. */
int postgres__error(const char *state)
{
    if (state == NULL)
        return ERROR_UNREACHABLE;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return states[i].error;
    return ERROR_DISK;
}

/* libpq gives no state for a connection that was refused. These texts stand untranslated where the server's
 * lc_messages is C or English; else the general code has to do, and the sentence says it anyway. */
int postgres__refusal(const char *message)
{
    static const struct {
        const char *text;
        int error;
    } known[] = {
        {"authentication failed", ERROR_UNAUTHENTICATED},
        {"no password supplied", ERROR_UNAUTHENTICATED},
        {"no pg_hba.conf entry", ERROR_UNAUTHENTICATED},
        {"\" does not exist", ERROR_MISSING},
        {"permission denied", ERROR_DENIED},
        {"certificate", ERROR_DENIED},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(message, known[i].text) != NULL)
            return known[i].error;
    return ERROR_UNREACHABLE;
}
