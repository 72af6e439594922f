/* Named jobs (SERVICE_JOB) and host names (SERVICE_NAME) on the pool's threads. */
#include <argon2.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/mem.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/real_int.h"

/* Argon2id as OWASP's password storage sheet has it: 19 MiB, 2 passes, 1 lane. */
#define ARGON2_KIB 19456
#define ARGON2_PASSES 2
#define ARGON2_LANES 1
#define ARGUMENTS 6 /* most of a job */
#define SALT 16
#define HASH 32
#define PASSWORD_MOST 1024 /* bytes */
#define NAME_MOST 253      /* RFC 1035 2.3.4, as text */

struct question {
    struct real_pool *pool;
    struct real_loop *loop;
    uint64_t handle;
    struct slice request;
    char bytes[];
};

/* What a job gives: ANSWER_YES with its result in `out`, or why not. */
struct outcome {
    enum answer answer;
    int error;
    struct buffer out;
};

static struct outcome refusal(int error)
{
    return (struct outcome){.answer = ANSWER_NO, .error = error};
}

static struct outcome run_argon2_hash(const struct slice *arguments)
{
    char salt[SALT], encoded[256];
    struct outcome o = {.answer = ANSWER_YES};
    if (getrandom(salt, sizeof salt, 0) != sizeof salt)
        return refusal(ERROR_SYSTEM);
    int error = argon2id_hash_encoded(ARGON2_PASSES, ARGON2_KIB, ARGON2_LANES, arguments[0].data,
        arguments[0].length, salt, sizeof salt, HASH, encoded, sizeof encoded);
    if (error != ARGON2_OK)
        return refusal(error == ARGON2_MEMORY_ALLOCATION_ERROR ? ERROR_OVERLOADED : ERROR_RANGE);
    buffer_add_text(&o.out, encoded);
    return o;
}

static struct outcome run_argon2_verify(const struct slice *arguments)
{
    char encoded[256];
    if (arguments[1].length >= sizeof encoded)
        return refusal(ERROR_SYNTAX);
    slice_put(encoded, arguments[1]);
    encoded[arguments[1].length] = '\0';
    switch (argon2id_verify(encoded, arguments[0].data, arguments[0].length)) {
    case ARGON2_OK:
        return (struct outcome){.answer = ANSWER_YES};
    case ARGON2_VERIFY_MISMATCH:
        return refusal(ERROR_DENIED);
    case ARGON2_MEMORY_ALLOCATION_ERROR:
        return refusal(ERROR_OVERLOADED);
    default:
        return refusal(ERROR_SYNTAX);
    }
}

static const struct {
    const char *name;
    size_t arguments;
    struct outcome (*run)(const struct slice *arguments);
} jobs[] = {
    {"argon2-hash", 1, run_argon2_hash},     /* password; its encoded hash */
    {"argon2-verify", 2, run_argon2_verify}, /* password, encoded hash; no, DENIED: another password */
};

static void give(const struct question *q, struct outcome *o)
{
    real_answer(q->loop, q->handle, o->answer, o->error, buffer_slice(&o->out));
    buffer_free(&o->out);
}

static struct outcome run_named(const char *name, const struct slice *arguments, size_t argument_count)
{
    const size_t count = sizeof jobs / sizeof jobs[0];
    size_t i = 0;
    while (i < count && strcmp(name, jobs[i].name) != 0)
        i++;
    if (i == count)
        return refusal(ERROR_MISSING);
    if (argument_count != jobs[i].arguments)
        return refusal(ERROR_SYNTAX);
    return arguments[0].length <= PASSWORD_MOST ? jobs[i].run(arguments) : refusal(ERROR_LIMIT);
}

enum answer real_job(
    struct buffer *result, int *error, const char *name, const struct slice *arguments, size_t argument_count)
{
    struct outcome o = run_named(name, arguments, argument_count);
    buffer_add(result, buffer_slice(&o.out));
    buffer_free(&o.out);
    *error = o.error;
    return o.answer;
}

static struct outcome run_offered(
    const struct real_pool_job *job, void *self, const struct slice *arguments, size_t argument_count)
{
    struct outcome o = {.answer = ANSWER_YES};
    if (argument_count != job->arguments)
        return refusal(ERROR_SYNTAX);
    o.error = job->run_h(self, arguments, &o.out);
    if (o.error != 0)
        o.answer = ANSWER_NO;
    return o;
}

static struct outcome run_job(struct real_pool *pool, struct slice request)
{
    void *self = NULL;
    struct arena arena = {.chunks = NULL};
    struct outcome o = refusal(ERROR_SYNTAX);
    struct slice arguments[ARGUMENTS];
    Tandem__JobRequest *r = pack_read(&tandem__job_request__descriptor, request, &arena);
    if (r != NULL && r->n_arguments <= ARGUMENTS) {
        for (size_t a = 0; a < r->n_arguments; a++)
            arguments[a] = pack_slice(r->arguments[a]);
        const struct real_pool_job *job = real__pool_job(pool, r->name, &self);
        o = job != NULL ? run_offered(job, self, arguments, r->n_arguments)
                        : run_named(r->name, arguments, r->n_arguments);
    }
    arena_free(&arena);
    return o;
}

static void job_h(void *argument, bool dropped)
{
    struct question *q = argument;
    struct outcome o = dropped ? refusal(ERROR_CLOSED) : run_job(q->pool, q->request);
    if (o.answer == ANSWER_YES) {
        Tandem__JobAnswer answer = TANDEM__JOB_ANSWER__INIT;
        ProtobufCBinaryData result = pack_bytes(buffer_slice(&o.out));
        struct buffer packed = {.data = NULL};
        answer.results = &result;
        answer.n_results = o.out.length != 0;
        pack_add(&packed, &answer.base);
        buffer_free(&o.out);
        o.out = packed;
    }
    give(q, &o);
    explicit_bzero(q->bytes, q->request.length); /* passwords */
    mem_free(q);
}

/* ---- host names ---- */

static struct outcome resolve(struct slice request)
{
    char name[NAME_MOST + 1];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found;
    struct outcome o = {.answer = ANSWER_YES};
    if (request.length == 0 || request.length > NAME_MOST ||
        memchr(request.data, '\0', request.length) != NULL)
        return refusal(ERROR_SYNTAX);
    slice_put(name, request);
    name[request.length] = '\0';
    int error = getaddrinfo(name, NULL, &hints, &found);
    if (error == EAI_NONAME || error == EAI_NODATA)
        return refusal(ERROR_MISSING);
    if (error != 0)
        return refusal(error == EAI_AGAIN ? ERROR_TIMEOUT : ERROR_UNREACHABLE);
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
        struct address address;
        memcpy(&storage, a->ai_addr, a->ai_addrlen);
        real__address(&address, &storage);
        address_add_ip(&o.out, &address);
        buffer_add_byte(&o.out, '\n');
    }
    freeaddrinfo(found);
    return o;
}

static void name_h(void *argument, bool dropped)
{
    struct question *q = argument;
    struct outcome o = dropped ? refusal(ERROR_CLOSED) : resolve(q->request);
    give(q, &o);
    mem_free(q);
}

/* ---- the services ---- */

static void ask(
    void *pool, struct real_loop *l, uint64_t handle, struct slice request, void (*work_h)(void *, bool))
{
    struct question *q = mem_alloc(sizeof *q + request.length);
    *q = (struct question){
        .pool = pool, .loop = l, .handle = handle, .request = slice_of(q->bytes, request.length)};
    slice_put(q->bytes, request);
    int error = real_pool_run(pool, work_h, q);
    if (error == 0)
        return;
    real_answer(l, handle, ANSWER_NO, error, (struct slice){0});
    mem_free(q);
}

static void ask_job(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    (void)deadline;
    ask(self, l, handle, request, job_h);
}

static void ask_name(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    (void)deadline;
    ask(self, l, handle, request, name_h);
}

struct real_service real_pool_jobs(struct real_pool *pool)
{
    return (struct real_service){.self = pool, .ask = ask_job};
}

struct real_service real_pool_names(struct real_pool *pool)
{
    return (struct real_service){.self = pool, .ask = ask_name};
}
