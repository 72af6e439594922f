#include "config/config_int.h"

static const void *next_row(const struct config_table *t, size_t *at)
{
    return *at < t->count ? config__row(t, (*at)++) : NULL;
}

const struct config_trunk *config_trunk(const struct configuration *c, struct slice name)
{
    return config__find(&c->derived->trunks, name);
}

const struct config_trunk *config_next_trunk(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->trunks, at);
}

const struct config_trunk_group *config_next_trunk_group(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->trunk_groups, at);
}

const struct config_dial_rule *config_next_dial_rule(const struct configuration *c, size_t *at)
{
    return next_row(&c->derived->dial_rules, at);
}

/* ---- which rule holds ---- */

static bool fits(const struct config_dial_rule *r, struct slice number)
{
    return number.length >= r->shortest && (r->longest == 0 || number.length <= r->longest) &&
           slice_starts(number, r->prefix);
}

/* Equal rules are told apart by name: the first one holds. */
static bool better(const struct config_dial_rule *r, const struct config_dial_rule *than)
{
    if (than == NULL || r->prefix.length != than->prefix.length)
        return than == NULL || r->prefix.length > than->prefix.length;
    if ((r->trunk != NULL) != (than->trunk != NULL) && !r->out)
        return r->trunk != NULL;
    return r->location != NULL && than->location == NULL;
}

const struct config_dial_rule *config_dial_out(
    const struct configuration *c, const struct config_location *location, struct slice number)
{
    const struct config_dial_rule *r, *best = NULL;
    for (size_t at = 0; (r = config_next_dial_rule(c, &at)) != NULL;)
        if (r->out && (r->location == NULL || r->location == location) && fits(r, number) && better(r, best))
            best = r;
    return best;
}

const struct config_dial_rule *config_dial_in(
    const struct configuration *c, const struct config_trunk *trunk, struct slice number)
{
    const struct config_dial_rule *r, *best = NULL;
    for (size_t at = 0; (r = config_next_dial_rule(c, &at)) != NULL;)
        if (!r->out && (r->location == NULL || r->location == trunk->location) &&
            (r->trunk == NULL || r->trunk == trunk) && (r->group == NULL || r->group == trunk->group) &&
            fits(r, number) && better(r, best))
            best = r;
    return best;
}

void config_dial_rewrite(struct buffer *out, const struct config_dial_rule *r, struct slice number)
{
    buffer_add(out, r->add);
    buffer_add(out, slice_from(number, r->strip));
}

/* ---- who may dial what ---- */

enum config_dial config_dn_dial(const struct configuration *c, const struct config_dn *dn)
{
    const struct config_location *location = config_dn_location(c, dn);
    if (dn->dial != CONFIG_DIAL_UNSAID)
        return (enum config_dial)dn->dial;
    return location != NULL ? (enum config_dial)location->dial : CONFIG_DIAL_NONE;
}

const char *config_dial_name(enum config_dial dial)
{
    return dial == CONFIG_DIAL_UNSAID ? "" : kind_dial_words[dial - CONFIG_DIAL_NONE];
}
