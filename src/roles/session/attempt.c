/* Failed log-ins, by user and by address: each one more doubles the wait (SEC-3). An address has more tries
 * than a user, as many people may come from one; a user's wait is short at most, so that strangers cannot
 * lock somebody out. */
#include "roles/session/session_int.h"

#include "base/mem.h"

#define FREE_OF_USER 5U
#define FREE_OF_SOURCE 20U

static struct slice source_key(const struct address *source)
{
    /* Who has one IPv6 address usually has all of its /64. */
    return slice_of(source->ip, source->family == 6 ? 8 : 4);
}

static void drop(struct session *s, struct attempt *a)
{
    map_remove(a->map, slice_of(a->key, a->length));
    list_remove(&a->link);
    s->attempt_count--;
    mem_free(a);
}

/* NULL when there is none, or none that still counts. */
static struct attempt *find(struct session *s, struct map *map, struct slice key)
{
    struct attempt *a = map_get(map, key);
    if (a != NULL && world_now(s->world) - a->last > timer_duration(TIMER_SESSION_FORGET)) {
        drop(s, a);
        a = NULL;
    }
    return a;
}

static struct attempt *make(struct session *s, struct map *map, struct slice key)
{
    if (s->attempt_count >= SESSION_ATTEMPTS)
        drop(s, list_entry(list_first(&s->attempt_order), struct attempt, link));
    struct attempt *a = mem_zero(sizeof *a + key.length);
    a->map = map;
    a->length = key.length;
    slice_put(a->key, key);
    map_put(map, slice_of(a->key, a->length), a);
    list_append(&s->attempt_order, &a->link);
    s->attempt_count++;
    return a;
}

static int64_t wait_of(struct session *s, struct map *map, struct slice key)
{
    struct attempt *a = find(s, map, key);
    int64_t wait = a != NULL ? a->blocked_until - world_now(s->world) : 0;
    return wait > 0 ? wait : 0;
}

int64_t session__attempt_wait(struct session *s, struct slice user, const struct address *source)
{
    int64_t of_user = wait_of(s, &s->attempts_of_users, user);
    int64_t of_source = wait_of(s, &s->attempts_of_sources, source_key(source));
    return of_user > of_source ? of_user : of_source;
}

static void failed(struct session *s, struct map *map, struct slice key, unsigned free, int64_t longest)
{
    struct attempt *a = find(s, map, key);
    if (a == NULL)
        a = make(s, map, key);
    list_remove(&a->link);
    list_append(&s->attempt_order, &a->link);
    a->last = world_now(s->world);
    if (++a->failures < free)
        return;
    int64_t delay = timer_duration(TIMER_SESSION_DELAY);
    for (unsigned i = free; i < a->failures && delay < longest; i++)
        delay *= 2;
    a->blocked_until = a->last + (delay < longest ? delay : longest);
}

void session__attempt_failed(struct session *s, struct slice user, const struct address *source)
{
    failed(s, &s->attempts_of_users, user, FREE_OF_USER, timer_duration(TIMER_SESSION_DELAY_USER));
    failed(s, &s->attempts_of_sources, source_key(source), FREE_OF_SOURCE,
        timer_duration(TIMER_SESSION_DELAY_SOURCE));
}

/* It was counted as failed when it began, so that many at once do not get more tries. */
void session__attempt_good(struct session *s, struct slice user, const struct address *source)
{
    struct attempt *a = map_get(&s->attempts_of_users, user);
    if (a != NULL)
        drop(s, a);
    a = map_get(&s->attempts_of_sources, source_key(source));
    if (a != NULL && a->failures != 0 && --a->failures < FREE_OF_SOURCE)
        a->blocked_until = 0;
}

void session__attempts_free(struct session *s)
{
    list_for_each_safe (link, next, &s->attempt_order)
        drop(s, list_entry(link, struct attempt, link));
}
