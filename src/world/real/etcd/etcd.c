/* The registry on etcd, as the loop sees it: questions go over, answers and news come back. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/etcd/etcd_int.h"

#define NAME_MOST 200 /* of a cluster: with the longest key it must fit into one of etcd */

struct watcher {
    struct real_instance *instance;
    uint64_t number, token;
};

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    etcd__command(self, ETCD_ASK, handle, etcd__now() + deadline - real_now(l), request);
}

static void forget(struct etcd *e, const struct real_instance *i, const uint64_t *token)
{
    struct watcher *w;
    map_for_each (w, &e->watchers) {
        if (w->instance != i || (token != NULL && w->token != *token))
            continue;
        map_remove_number(&e->watchers, w->number);
        etcd__command(e, ETCD_LEAVE, w->number, 0, SLICE(""));
        mem_free(w);
    }
}

static void watch_h(void *self, struct real_instance *i, uint64_t token, struct slice prefix)
{
    struct etcd *e = self;
    forget(e, i, &token); /* the same token begins anew */
    struct watcher *w = mem_zero(sizeof *w);
    *w = (struct watcher){i, ++e->last_watcher, token};
    map_put_number(&e->watchers, w->number, w);
    etcd__command(e, ETCD_WATCH, w->number, 0, prefix);
}

static void leave_h(void *self, struct real_instance *i)
{
    forget(self, i, NULL);
}

/* ---- news ---- */

struct news {
    struct list link;
    uint64_t watcher, revision;
    bool gone;
    struct slice key, value; /* behind the struct */
};

struct letter {
    struct etcd *etcd;
    struct list news;
};

void etcd__news_add(struct etcd *e, uint64_t watcher, const struct etcd_entry *entry)
{
    struct news *n = mem_zero(sizeof *n + entry->key.length + entry->value.length);
    char *at = (char *)(n + 1);
    *n = (struct news){.watcher = watcher, .revision = entry->revision, .gone = entry->gone};
    n->key = slice_of(slice_put(at, entry->key), entry->key.length);
    at += entry->key.length;
    n->value = slice_of(slice_put(at, entry->value), entry->value.length);
    list_append(&e->news, &n->link);
}

void etcd__news_free(struct list *news)
{
    struct list *first;
    while ((first = list_first(news)) != NULL) {
        list_remove(first);
        mem_free(list_entry(first, struct news, link));
    }
}

static void letter_h(struct real_loop *l, void *argument)
{
    struct letter *letter = argument;
    (void)l;
    list_for_each (link, &letter->news) {
        const struct news *n = list_entry(link, struct news, link);
        const struct watcher *w = map_get_number(&letter->etcd->watchers, n->watcher);
        struct input input = {.kind = INPUT_WATCH,
            .revision = n->revision,
            .answer = n->gone ? ANSWER_NO : ANSWER_YES,
            .name = n->key,
            .bytes = n->value};
        if (w == NULL) /* it has left meanwhile */
            continue;
        input.token = w->token;
        real_deliver(w->instance, &input);
    }
    etcd__news_free(&letter->news);
    mem_free(letter);
}

void etcd__news_post(struct etcd *e)
{
    if (list_empty(&e->news))
        return;
    struct letter *letter = mem_zero(sizeof *letter);
    letter->etcd = e;
    list_init(&letter->news);
    struct list *first;
    while ((first = list_first(&e->news)) != NULL) {
        list_remove(first);
        list_append(&letter->news, first);
    }
    real_post(e->loop, letter_h, letter);
}

/* ---- beginning and end ---- */

static void close_h(void *self)
{
    struct etcd *e = self;
    if (e->runs) {
        pthread_mutex_lock(&e->lock);
        e->ends = true;
        pthread_mutex_unlock(&e->lock);
        curl_multi_wakeup(e->multi);
        pthread_join(e->thread, NULL);
        real_run_mail(e->loop); /* letters that name this registry */
    }
    list_for_each_safe (link, next, &e->commands)
        mem_free(list_entry(link, struct etcd_command, link));
    struct watcher *w;
    map_for_each (w, &e->watchers)
        mem_free(w);
    map_free(&e->watchers);
    for (unsigned i = 0; i < e->endpoint_count; i++)
        mem_free(e->endpoints[i].url);
    if (e->multi != NULL)
        curl_multi_cleanup(e->multi);
    pthread_mutex_destroy(&e->lock);
    char *texts[] = {
        e->cluster_name, e->user, e->password_file, e->authority, e->certificate, e->key, e->identity_file};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        mem_free(texts[i]);
    explicit_bzero(e->token, sizeof e->token);
    mem_free(e);
    curl_global_cleanup();
}

static char *copy(const char *text)
{
    return text != NULL ? mem_copy(text, strlen(text) + 1) : NULL;
}

static int take_endpoints(struct etcd *e, const struct real_server *s)
{
    if (s->count > ETCD_ENDPOINTS) {
        LOG(LOG_ERROR, "world", "the registry has %zu addresses, at most %d are permitted", s->count,
            ETCD_ENDPOINTS);
        return ERROR_LIMIT;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct slice a = s->addresses[i];
        while (slice_ends(a, SLICE("/")))
            a.length--;
        bool web = slice_starts(a, SLICE("https://")) || slice_starts(a, SLICE("http://"));
        if (!web || memchr(a.data, '\0', a.length) != NULL) {
            LOG(LOG_ERROR, "world", "the registry's address \"%.*s\" is none; write https://HOST:2379",
                SLICE_ARG(a));
            return ERROR_SYNTAX;
        }
        struct etcd_endpoint *p = &e->endpoints[e->endpoint_count++];
        p->etcd = e;
        p->url = mem_zero(a.length + 1);
        slice_put(p->url, a);
    }
    return 0;
}

static int take_params(struct etcd *e, const struct real_engines_params *p)
{
    const char *name = p->cluster != NULL ? p->cluster : "tandem";
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MOST || strchr(name, '/') != NULL) {
        LOG(LOG_ERROR, "world", "\"%s\" cannot be the name of a cluster: 1 to %d bytes without a slash", name,
            NAME_MOST);
        return ERROR_SYNTAX;
    }
    e->cluster_name = copy(name);
    e->cluster = slice_text(e->cluster_name);
    e->user = copy(p->registry.user);
    e->password_file = copy(p->registry.password_file);
    e->authority = copy(p->authority);
    e->certificate = copy(p->certificate);
    e->key = copy(p->key);
    size_t most = strlen(p->data) + sizeof "/registry.cluster";
    e->identity_file = mem_alloc(most);
    snprintf(e->identity_file, most, "%s/registry.cluster", p->data);
    int error = take_endpoints(e, &p->registry);
    return error == 0 ? etcd__identity_read(&e->identity, e->identity_file) : error;
}

static int start(struct etcd *e)
{
    e->multi = curl_multi_init();
    e->runs = e->multi != NULL && pthread_create(&e->thread, NULL, etcd__thread_h, e) == 0;
    if (!e->runs) {
        LOG(LOG_ERROR, "world", "cannot start the thread of the registry");
        return ERROR_SYSTEM;
    }
    return 0;
}

int real__registry_etcd(
    struct real_registry *out, struct real_engines *engines, const struct real_engines_params *p)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct etcd *e = mem_zero(sizeof *e);
    *out = (struct real_registry){e, watch_h, leave_h, close_h};
    e->engines = engines;
    e->loop = engines->loop;
    pthread_mutex_init(&e->lock, NULL);
    list_init(&e->commands);
    list_init(&e->news);
    int error = take_params(e, p);
    if (error == 0)
        error = start(e);
    if (error == 0)
        real_set_service(e->loop, SERVICE_REGISTRY, (struct real_service){e, ask_h});
    return error;
}
