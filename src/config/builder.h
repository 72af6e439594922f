/* Makes a copy of the configuration, from nothing or from another copy with which it then shares what did not
 * change. Objects may come in any order; references are checked at the end.
 *
 * Main feeds it with what the store holds (config/load.h); tests and the simulator fill in the rows
 * themselves:
 *
 *     struct config_builder *b = config_builder_new();
 *     config_builder_location(b, &(struct config_location){.name = SLICE("home")});
 *     config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret"));
 *     error = config_builder_end(&configuration, b, &complaint); */
#ifndef TANDEM_CONFIG_BUILDER_H
#define TANDEM_CONFIG_BUILDER_H

#include "config/config.h"
#include "config/kind.h"

struct config_builder;

struct config_builder *config_builder_new(
    void); /* by hand: rows that come twice or fit nothing are mistakes */
struct config_builder *config_builder_empty(void);
struct config_builder *config_builder_from(
    const struct configuration *before);            /* rows replace what is there */
void config_builder_free(struct config_builder *b); /* one that is not brought to its end */

/* Everything is copied. Where a row names a location, it does so by `location` here, not by the row's
 * pointer. */
void config_builder_cluster(struct config_builder *b, const struct config_cluster *row);
/* Of the values that it may inherit it says those that are not zero. */
void config_builder_location(struct config_builder *b, const struct config_location *row);
void config_builder_dn(
    struct config_builder *b, struct slice number, struct slice location, struct slice secret);
void config_builder_dn_row(
    struct config_builder *b, const struct config_dn *row, struct slice location, struct slice secret);
void config_builder_person(struct config_builder *b, const struct config_person *row);
void config_builder_member(struct config_builder *b, const struct config_member *row, struct slice location);
void config_builder_application(
    struct config_builder *b, const struct config_application *row, struct slice location);
void config_builder_trunk_group(struct config_builder *b, const struct config_trunk_group *row);
void config_builder_trunk(
    struct config_builder *b, const struct config_trunk *row, struct slice location, struct slice group);
void config_builder_dial_rule(struct config_builder *b, const struct config_dial_rule *row,
    struct slice location, struct slice trunk, struct slice group);
void config_builder_ban(struct config_builder *b, const struct config_ban *row);
void config_builder_remove(struct config_builder *b, const struct kind *k, struct slice name);
struct slice config_builder_key(const struct config_builder *b);       /* what secrets are sealed with */
void config_builder_number(struct config_builder *b, uint64_t number); /* config_number() of what it makes */

/* A location has another realm than the one that digests of its DNs were made for: they have to be read from
 * the store again. Asked before the end. */
bool config_builder_stale(struct config_builder *b);

/* What only this process knows, from its start file and command line. */
struct config_local {
    struct config_list listen;      /* where proxies listen whose objects do not say */
    struct config_list listen_more; /* where all proxies of this process listen besides */
    struct slice web;               /* where sessions listen whose objects do not say */
    struct slice operator_token_sha256;
    struct slice secret_key;      /* see seal.h */
    struct config_list resolvers; /* name servers: "192.0.2.53", "[2001:db8::53]:5353" */
};
/* Lives until the end; the copies that are made from the copy have it too. */
void config_builder_local(struct config_builder *b, const struct config_local *local);

/* Frees the builder. ERROR_REFERENCE or ERROR_EXISTS with a sentence in `complaint` (may be NULL): something
 * named does not exist, or exists twice. */
int config_builder_end(struct configuration **out, struct config_builder *b, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
