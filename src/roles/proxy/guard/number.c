/* SEC-6: what a number does that people and phones do not do: many wrong passwords, registrations from many
 * places, calls without end. Only numbers that exist are looked at; the table is bounded. */
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"

/* The one that was seen least recently; it is the caller's then. */
static struct guard_number *take_oldest(struct guard *g)
{
    struct guard_number *n = list_entry(list_first(&g->numbers_age), struct guard_number, age);
    list_remove(&n->age);
    map_remove(&g->numbers, slice_text(n->name));
    return n;
}

void guard__numbers_close(struct guard *g)
{
    while (!list_empty(&g->numbers_age))
        mem_free(take_oldest(g));
    map_free(&g->numbers);
}

static struct guard_number *obtain(struct guard *g, struct slice name)
{
    struct guard_number *n = map_get(&g->numbers, name);
    if (n == NULL) {
        n = map_count(&g->numbers) >= GUARD_NUMBERS ? take_oldest(g) : mem_alloc(sizeof *n);
        memset(n, 0, sizeof *n);
        slice_put(n->name, slice_first(name, sizeof n->name - 1));
        map_put(&g->numbers, slice_text(n->name), n);
    } else {
        list_remove(&n->age);
    }
    list_append(&g->numbers_age, &n->age);
    return n;
}

/* Registrations from more places within the time than the location permits. */
static bool roams(const struct guard *g, struct guard_number *n, const struct address *peer, int64_t now)
{
    struct address key = guard__source_key(peer);
    unsigned count = 0, slot = 0;
    for (unsigned i = 0; i < GUARD_ADDRESSES; i++) {
        if (address_equal(&n->seen[i].address, &key)) {
            slot = i;
            break;
        }
        if (n->seen[i].at < n->seen[slot].at)
            slot = i;
    }
    n->seen[slot].address = key;
    n->seen[slot].at = now;
    for (unsigned i = 0; i < GUARD_ADDRESSES; i++)
        count += n->seen[i].at != 0 && n->seen[i].at > now - timer_duration(TIMER_GUARD_ROAMING);
    return count > g->limits.alarm_addresses;
}

static bool is_odd(
    struct guard *g, struct guard_number *n, enum guard_anomaly what, const struct address *peer, int64_t now)
{
    switch (what) {
    case GUARD_GUESSED:
        return !guard__takes(g, &n->failures, GUARD_RATE_FAILURES, now);
    case GUARD_DIALLING:
        return !guard__takes(g, &n->calls, GUARD_RATE_DIALS, now);
    default:
        return roams(g, n, peer, now);
    }
}

void guard__number_saw(
    struct proxy *p, struct slice number, enum guard_anomaly what, const struct address *peer)
{
    static const char *const words[GUARD_ANOMALIES] = {
        "wrong credentials again and again", "registers from many addresses", "begins very many calls"};
    struct guard *g = p->guard;
    uint32_t limits[GUARD_ANOMALIES] = {
        g->limits.alarm_failures, g->limits.alarm_addresses, g->limits.alarm_calls};
    int64_t now = world_now(p->world);
    if (limits[what] == 0 || number.length == 0 || number.length >= GUARD_NUMBER)
        return;
    struct guard_number *n = obtain(g, number);
    if (!is_odd(g, n, what, peer, now))
        return;
    bool began = n->until[what] <= now;
    n->until[what] = now + timer_duration(TIMER_GUARD_ANOMALY);
    if (!began)
        return;
    struct buffer from = {0};
    address_add_ip(&from, peer);
    LOG(LOG_WARNING, "proxy", "number %s: %s, now from %.*s", n->name, words[what],
        SLICE_ARG(buffer_slice(&from)));
    buffer_free(&from);
    guard__numbers_count(p);
    guard__rest(p);
}

void guard__numbers_count(struct proxy *p)
{
    struct guard *g = p->guard;
    uint64_t counts[GUARD_ANOMALIES] = {0};
    int64_t now = world_now(p->world);
    list_for_each (link, &g->numbers_age)
        for (unsigned i = 0; i < GUARD_ANOMALIES; i++)
            counts[i] += list_entry(link, struct guard_number, age)->until[i] > now;
    world_gauge(p->world, GAUGE_GUARD_GUESSED, counts[GUARD_GUESSED]);
    world_gauge(p->world, GAUGE_GUARD_ROAMING, counts[GUARD_ROAMING]);
    world_gauge(p->world, GAUGE_GUARD_DIALLING, counts[GUARD_DIALLING]);
}
