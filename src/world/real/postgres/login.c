#include "world/real/postgres/login.h"

#include <stdio.h>

#include "base/error.h"
#include "world/real/postgres/postgres_int.h"

#define SECRET 1024 /* bytes of a password */
#define SYSTEM_AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"
#define PARAMETERS 24

static int read_password(char *password, size_t size, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERROR_MISSING;
    size_t length = fread(password, 1, size - 1, file);
    int wrong = ferror(file);
    fclose(file);
    while (length != 0 && (password[length - 1] == '\n' || password[length - 1] == '\r'))
        length--;
    password[length] = '\0';
    return wrong ? ERROR_DISK : 0;
}

struct parameters {
    const char *names[PARAMETERS + 1], *values[PARAMETERS + 1];
    size_t count;
};

static void set(struct parameters *p, const char *name, const char *value)
{
    if (value == NULL || p->count == PARAMETERS)
        return;
    p->names[p->count] = name;
    p->values[p->count++] = value;
}

static void add_login(struct parameters *with, const struct postgres_login *l)
{
    set(with, "user", l->user != NULL ? l->user : "tandem");
    set(with, "dbname", l->database != NULL ? l->database : "tandem");
    set(with, "sslrootcert", l->authority != NULL ? l->authority : SYSTEM_AUTHORITIES);
    set(with, "sslcert", l->certificate != NULL ? l->certificate : "/nonexistent"); /* not ~/.postgresql */
    set(with, "sslkey", l->key);
}

int postgres__start(PGconn **out, const struct postgres_login *login, const struct postgres_place *place,
    const char *name, bool wait)
{
    char password[SECRET] = "";
    struct parameters with = {.count = 0};
    if (login->password_file != NULL && read_password(password, sizeof password, login->password_file) != 0)
        return ERROR_MISSING;
    set(&with, "host", place->host);
    set(&with, "port", place->port);
    add_login(&with, login);
    set(&with, "password", login->password_file != NULL ? password : NULL);
    set(&with, "passfile", "/nonexistent");
    set(&with, "application_name", name);
    set(&with, "client_encoding", "UTF8");
    set(&with, "options", "");
    set(&with, "gssencmode", "disable");
    set(&with, "target_session_attrs", "read-write");
    set(&with, "connect_timeout", "5");     /* s; where it is waited for */
    set(&with, "tcp_user_timeout", "8000"); /* ms */
    set(&with, "keepalives_idle", "5");     /* s */
    set(&with, "keepalives_interval", "2");
    set(&with, "keepalives_count", "3");
    set(&with, "sslmode", place->local ? "disable" : "verify-full");
    set(&with, "ssl_min_protocol_version", "TLSv1.2");
    *out = wait ? PQconnectdbParams(with.names, with.values, 0)
                : PQconnectStartParams(with.names, with.values, 0);
    explicit_bzero(password, sizeof password);
    return 0;
}

int postgres_log_in(PGconn **out, const struct real_engines_params *params, struct buffer *complaint)
{
    const struct real_server *s = &params->store;
    struct postgres_login login = {
        s->user, s->password_file, s->database, params->authority, params->certificate, params->key};
    struct postgres_place place;
    char said[160];
    *out = NULL;
    for (size_t i = 0; i < s->count; i++) {
        int error = postgres__place(&place, s->addresses[i]);
        if (error == 0)
            error = postgres__start(out, &login, &place, "tandem-tool", true);
        if (error != 0) {
            buffer_add_format(complaint, "the store: %s", error_sentence(error));
            return error;
        }
        if (PQstatus(*out) == CONNECTION_OK)
            return 0;
        postgres__said(said, sizeof said, PQerrorMessage(*out));
        buffer_add_format(complaint, "%s%s:%s: %s", i != 0 ? "; " : "", place.host, place.port, said);
        PQfinish(*out);
        *out = NULL;
    }
    return ERROR_UNREACHABLE;
}
