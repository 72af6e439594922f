/* A small echo server on libwebsockets, as its documentation shows it: a ring of one message per connection.
 *
 *     peer PORT [CERTIFICATE KEY] */
#include <libwebsockets.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct per_connection {
    unsigned char *text;
    size_t length;
};

static volatile sig_atomic_t stopped;

static int echo_h(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *bytes, size_t length)
{
    struct per_connection *c = user;
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        free(c->text);
        c->text = malloc(LWS_PRE + length);
        if (c->text == NULL)
            return -1;
        memcpy(c->text + LWS_PRE, bytes, length);
        c->length = length;
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (c->text == NULL)
            break;
        if (lws_write(wsi, c->text + LWS_PRE, c->length, LWS_WRITE_TEXT) < (int)c->length)
            return -1;
        free(c->text);
        c->text = NULL;
        break;
    case LWS_CALLBACK_CLOSED:
        free(c->text);
        c->text = NULL;
        break;
    default:
        break;
    }
    return 0;
}

static void stop_h(int number)
{
    (void)number;
    stopped = 1;
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        {"echo", echo_h, sizeof(struct per_connection), 4096, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info info;
    struct rlimit files;
    if (argc < 2)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    lws_set_log_level(LLL_ERR, NULL);
    memset(&info, 0, sizeof info);
    info.port = atoi(argv[1]);
    info.iface = "127.0.0.1";
    info.protocols = protocols;
    info.fd_limit_per_thread = 19000;
    info.gid = -1;
    info.uid = -1;
    if (argc == 4) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = argv[2];
        info.ssl_private_key_filepath = argv[3];
    }
    struct lws_context *context = lws_create_context(&info);
    if (context == NULL)
        return 1;
    signal(SIGTERM, stop_h);
    while (!stopped && lws_service(context, 0) >= 0)
        continue;
    lws_context_destroy(context);
    return 0;
}
