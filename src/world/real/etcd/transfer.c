/* One request over curl, and what came of it. */
#include "base/error.h"
#include "base/mem.h"
#include "world/real/etcd/etcd_int.h"

#define IDLE_MOST 32
#define CONNECTIONS 64L /* kept for the next request, all endpoints together */
#define KEEP_ALIVE 10L  /* s: the stream of events may be silent for long, a dead server must not stay so */

static size_t write_h(char *data, size_t one, size_t length, void *argument)
{
    struct etcd_transfer *t = argument;
    (void)one;
    if (t->answer.length + length > ETCD_BODY) {
        t->too_large = true;
        return 0;
    }
    buffer_add(&t->answer, slice_of(data, length));
    if (t->data_h != NULL)
        t->data_h(t);
    return length;
}

/* What changes something is not sent over a connection that has proved nothing yet; nor a second time when
 * curl finds that the first connection was lost. */
static curl_socket_t open_h(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct etcd_transfer *t = argument;
    (void)purpose;
    if (t->writes) {
        t->barred = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int before_h(void *argument, char *peer, char *own, int peer_port, int own_port)
{
    struct etcd_transfer *t = argument;
    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    if (t->writes && t->sent)
        return CURL_PREREQFUNC_ABORT;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static void set_tls(CURL *c, const struct etcd *e)
{
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* files may be replaced while we run */
    if (e->authority != NULL) {
        curl_easy_setopt(c, CURLOPT_CAINFO, e->authority);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    if (e->certificate != NULL) {
        curl_easy_setopt(c, CURLOPT_SSLCERT, e->certificate);
        curl_easy_setopt(c, CURLOPT_SSLKEY, e->key != NULL ? e->key : e->certificate);
    }
}

static struct etcd_transfer *make(struct etcd *e)
{
    struct etcd_transfer *t = mem_zero(sizeof *t);
    CURL *c = t->easy = curl_easy_init();
    t->etcd = e;
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, KEEP_ALIVE);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, KEEP_ALIVE);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, write_h);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_h);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, before_h);
    curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
    set_tls(c, e);
    return t;
}

struct etcd_transfer *etcd__transfer_new(struct etcd *e, struct etcd_endpoint *endpoint)
{
    struct list *first = list_first(&e->idle);
    struct etcd_transfer *t = first != NULL ? list_entry(first, struct etcd_transfer, link) : make(e);
    if (first != NULL) {
        list_remove(first);
        e->idle_count--;
    }
    t->endpoint = endpoint;
    return t;
}

static void set_headers(struct etcd_transfer *t)
{
    char line[sizeof t->etcd->token + 32];
    t->headers = curl_slist_append(NULL, "Content-Type: application/json");
    t->headers = curl_slist_append(t->headers, "Expect:");
    if (t->etcd->token[0] != '\0') {
        snprintf(line, sizeof line, "Authorization: %s", t->etcd->token);
        t->headers = curl_slist_append(t->headers, line);
    }
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

void etcd__transfer_begin(struct etcd_transfer *t, const char *path, int64_t longest, bool fresh)
{
    char url[2048];
    snprintf(url, sizeof url, "%s%s", t->endpoint->url, path);
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.data);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.length);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)(longest / 1000));
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(timer_duration(TIMER_REGISTRY_PROOF) / 1000));
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, t->data_h != NULL ? 1L : 0L);
    set_headers(t);
    list_append(&t->etcd->transfers, &t->link);
    curl_multi_setopt(t->etcd->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
    curl_multi_add_handle(t->etcd->multi, t->easy);
    t->etcd->busy = true;
}

static void drop(struct etcd_transfer *t)
{
    buffer_free(&t->body);
    buffer_free(&t->answer);
    curl_easy_cleanup(t->easy);
    mem_free(t);
}

void etcd__transfer_release(struct etcd_transfer *t)
{
    struct etcd *e = t->etcd;
    curl_multi_remove_handle(e->multi, t->easy);
    curl_slist_free_all(t->headers);
    list_remove(&t->link);
    explicit_bzero(t->body.data, t->body.length); /* passwords */
    buffer_clear(&t->body);
    buffer_clear(&t->answer);
    t->headers = NULL;
    t->endpoint = NULL;
    t->writes = t->barred = t->sent = t->too_large = false;
    t->error[0] = '\0';
    t->done_h = NULL;
    t->data_h = NULL;
    t->owner = NULL;
    if (e->idle_count >= IDLE_MOST || t->answer.capacity > ETCD_BODY / 8) {
        drop(t);
        return;
    }
    list_append(&e->idle, &t->link);
    e->idle_count++;
}

void etcd__transfers_done(struct etcd *e)
{
    int left;
    CURLMsg *m;
    while ((m = curl_multi_info_read(e->multi, &left)) != NULL) {
        char *private = NULL;
        long status = 0;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        struct etcd_transfer *t = (void *)private;
        t->done_h(t, code, status);
    }
}

void etcd__transfers_free(struct etcd *e)
{
    struct list *first;
    while ((first = list_first(&e->transfers)) != NULL)
        etcd__transfer_release(list_entry(first, struct etcd_transfer, link));
    while ((first = list_first(&e->idle)) != NULL) {
        list_remove(first);
        drop(list_entry(first, struct etcd_transfer, link));
    }
}
