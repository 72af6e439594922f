/* Plain libnats: peer publish|answer|ask|count ADDRESS CLUSTER COUNT; as ours.c. `count` prints a line when it
 * listens, and how many messages came before one of 1 byte. */
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void must(natsStatus s)
{
    if (s != NATS_OK) {
        fprintf(stderr, "peer: %s\n", natsStatus_GetText(s));
        exit(1);
    }
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void answer_h(natsConnection *nc, natsSubscription *sub, natsMsg *message, void *closure)
{
    (void)sub;
    (void)closure;
    natsConnection_Publish(nc, "tandem.answer", natsMsg_GetData(message), natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

static int by_size(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return first < second ? -1 : first > second;
}

static void listens(natsConnection *nc)
{
    must(natsConnection_Flush(nc));
    puts("listens");
    fflush(stdout);
}

static void run_ask(natsConnection *nc, size_t count)
{
    static char bytes[200];
    natsSubscription *sub;
    natsMsg *message;
    double *times = malloc(count * sizeof *times);
    must(natsConnection_SubscribeSync(&sub, nc, "tandem.answer"));
    must(natsConnection_Flush(nc));
    for (size_t i = 0; i < count; i++) {
        double begun = now();
        must(natsConnection_Publish(nc, "tandem.ask", bytes, sizeof bytes));
        must(natsSubscription_NextMsg(&message, sub, 5000));
        times[i] = now() - begun;
        natsMsg_Destroy(message);
    }
    qsort(times, count, sizeof *times, by_size);
    printf("%.4f\n", times[count / 2]);
}

int main(int argc, char **argv)
{
    static char bytes[200];
    natsOptions *o;
    natsConnection *nc;
    natsSubscription *sub;
    natsMsg *message;
    if (argc != 5)
        return 2;
    size_t count = strtoul(argv[4], NULL, 10);
    must(natsOptions_Create(&o));
    must(natsOptions_SetURL(o, argv[2]));
    must(natsOptions_SetSendAsap(o, argv[1][0] == 'a')); /* whoever publishes much does not */
    must(natsConnection_Connect(&nc, o));
    if (strcmp(argv[1], "publish") == 0) {
        double before = cpu();
        for (size_t i = 0; i < count; i++)
            must(natsConnection_Publish(nc, "tandem.bench.count", bytes, sizeof bytes));
        must(natsConnection_Flush(nc));
        printf("%.4f\n", cpu() - before);
        must(natsConnection_Publish(nc, "tandem.bench.count", bytes, 1));
        must(natsConnection_Flush(nc));
    } else if (strcmp(argv[1], "ask") == 0)
        run_ask(nc, count);
    else if (strcmp(argv[1], "count") == 0) {
        size_t heard = 0;
        must(natsConnection_SubscribeSync(&sub, nc, "tandem.bench.count"));
        must(natsSubscription_SetPendingLimits(sub, -1, -1));
        listens(nc);
        for (int length = 0; length != 1; heard++) {
            must(natsSubscription_NextMsg(&message, sub, 20000));
            length = natsMsg_GetDataLength(message);
            natsMsg_Destroy(message);
        }
        printf("%zu\n", heard - 1);
    } else {
        must(natsConnection_Subscribe(&sub, nc, "tandem.ask", answer_h, NULL));
        listens(nc);
        nats_Sleep(600000);
    }
    natsConnection_Destroy(nc);
    natsOptions_Destroy(o);
    return 0;
}
