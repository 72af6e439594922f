/* What is shown: devices and calls, with the contacts and origins that they come from. */
#ifndef TANDEM_ROLES_SESSION_VIEW_H
#define TANDEM_ROLES_SESSION_VIEW_H

#include "base/list.h"
#include "base/map.h"
#include "wire/event.pb-c.h"
#include "world/world.h"

struct session;

/* A proxy or a pair of nodes. Its messages are numbered; a gap means: ask for a snapshot. */
struct origin {
    struct slice name;
    uint64_t epoch; /* incarnation of the proxy, view of the pair */
    uint64_t number;
    uint32_t config_generation;
    unsigned asked; /* snapshots asked since the last one came */
    bool is_pair, synced;
    struct list parts; /* its contacts or calls */
};

struct device {
    struct slice dn, name;
    struct list contacts, calls;
    struct list changed; /* in view.changed_devices */
    int64_t since;
    uint8_t state; /* Tandem__DeviceState */
    bool configured, told;
};

/* One registration. */
struct contact {
    uint64_t id;
    struct device *device;
    struct origin *origin;
    struct list of_device, of_origin;
    struct slice uri, transport;
    int64_t expires_at, changed_at;
    uint64_t number, generation; /* of the change that set it; token of the snapshot that had it */
    struct world_timer timer;
};

enum view_call_state {
    VIEW_DIALLING,
    VIEW_RINGING,
    VIEW_ESTABLISHED,
    VIEW_HELD,
    VIEW_ENDING,
    VIEW_CALL_STATES
};

struct view_leg {
    struct list link; /* device->calls */
    struct device *device;
    struct view_call *call;
    bool incoming;
};

struct view_call {
    uint64_t call_id;
    struct origin *origin;
    struct list of_origin, changed;
    struct view_leg from, to;
    struct slice location;
    struct slice attributes;         /* a JSON object */
    int64_t started_at, answered_at; /* 0: not answered */
    uint64_t generation;
    uint8_t state; /* enum view_call_state */
    bool gone, told;
    bool ends; /* over before anybody was told that there was one: it is told, then that it is gone */
};

struct view {
    struct map devices, calls; /* by dn, by call_id */
    struct map proxies, pairs; /* origins by name */
    struct map contacts;       /* by id */
    struct list changed_devices, changed_calls;
    uint64_t token; /* of the last snapshot asked for */
};

extern const char *const view__call_states[VIEW_CALL_STATES];

struct device *view__device(struct session *s, struct slice dn); /* makes it when it is new */
void view__device_configured(struct session *s, struct device *d, struct slice name);
/* NULL is fine: it was never seen. */
void view__device_unconfigured(struct session *s, struct device *d);
void view__device_told(struct session *s, struct device *d); /* frees it when nothing holds it */
static inline bool view__registered(const struct device *d)
{
    return !list_empty(&d->contacts);
}

void view__binding(
    struct session *s, struct origin *o, const Tandem__Binding *b, uint64_t number, uint64_t generation);
void view__contact_free(struct session *s, struct contact *c);
void view__contact_timer(struct session *s, uint64_t id);

void view__call(struct session *s, struct origin *o, const Tandem__LiveCall *call, uint64_t generation);
void view__call_gone(struct session *s, struct view_call *c);
void view__call_told(struct session *s, struct view_call *c); /* frees it when it is gone */

struct origin *view__origin(struct map *map, struct slice name, bool is_pair); /* makes it when it is new */
void view__origin_clear(struct session *s, struct origin *o);                  /* forgets all that it told */
void view__origin_free(struct session *s, struct origin *o);
void view__free(struct session *s);

/* JSON */
void view__add_device(struct buffer *out, const struct device *d);
void view__add_call(struct buffer *out, const struct view_call *c);
void view__add_call_id(struct buffer *out, uint64_t call_id);

#endif
