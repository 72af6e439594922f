/* What the files of the role call of each other. */
#ifndef TANDEM_ROLES_CONFIG_CALLS_H
#define TANDEM_ROLES_CONFIG_CALLS_H

/* ---- writer.c ---- */
void writer__feed(struct writer *w, enum writer_event event, const struct writer_answer *answer);
void writer__follow(struct writer *w); /* takes part in who leads */
bool writer__index(struct writer *w);  /* some objects more; false: these were all */

/* ---- inbox.c ---- */
/* A message on ctl.config: held while nobody leads, put together when it is a part, then handled. */
void writer__receive(struct writer *w, struct slice bytes);
void writer__inbox_lead(struct writer *w); /* who leads may have changed, or the writer is ready */
void writer__inbox_timer(struct writer *w);
void writer__inbox_free(struct writer *w);
/* A whole request. */
void writer__handle(struct writer *w, const struct request *r);

/* ---- read.c, walk.c, past.c: requests that only read ---- */
void writer__read(struct writer *w, const struct request *r);
void writer__walk_start(struct writer *w, const struct request *r);
void writer__walk(struct writer *w); /* some of the first one's objects */
void writer__walks_free(struct writer *w);
void writer__past(struct writer *w, const struct request *r);
void writer__past_answer(struct writer *w, const struct input *in);
void writer__past_free(struct writer *w);
/* 409: who has changed this object last, and when. */
void writer__refuse_changed(struct writer *w, const struct request *r, struct slice path,
    const struct kind *k, struct slice name, const char *advice);
json_t *writer__show(const struct writer *w, const struct object *o, bool secrets);
struct slice writer__key(const struct writer *w); /* what secrets are sealed with; empty: nothing is */

/* ---- wait.c: transactions wait here for their turn ---- */
void writer__enqueue(struct writer *w, const struct request *r);
void writer__drop(struct writer *w, struct transaction *t);
void writer__drop_all(struct writer *w, int error, const char *sentence);
void writer__takes_longer(struct writer *w, uint64_t serial);     /* timer of a transaction */
bool writer__progress(struct writer *w, const struct request *r); /* false: it does not wait here */
static inline struct transaction *writer__current(struct writer *w)
{
    return list_entry(list_first(&w->waiting), struct transaction, link);
}

/* ---- check.c, check_together.c ---- */
enum work {
    WORK_MORE,    /* in a later turn */
    WORK_REFUSED, /* answered */
    WORK_LOOK,    /* whether another leader has made it */
    WORK_FETCH,   /* what is to be undone */
    WORK_HASH,    /* `w->hashing` */
    WORK_DONE,    /* nothing is to be written: answered */
    WORK_WRITE
};
/* Works on it for a part of a turn. */
enum work writer__work(struct writer *w, struct transaction *t);
void writer__again(struct transaction *t); /* from the first check on: others have changed something */
struct item *writer__item(struct transaction *t);
/* Adds what is wrong at an item and refuses the transaction. */
enum work writer__refuse_item(struct writer *w, struct transaction *t, const struct item *i, int error,
    const struct object_complaint *c);
int writer__check_together(
    struct writer *w, struct transaction *t, const struct item *i, struct object_complaint *c);
int writer__check_whole(struct writer *w, struct transaction *t, struct object_complaint *c);
const struct item *writer__find(const struct transaction *t, const struct kind *k, struct slice name);
/* The hash of a JobAnswer is put into the body; ERROR_UNSUPPORTED: it is none. */
int writer__hashed(struct writer *w, struct transaction *t, struct slice answer);
enum work writer__cut(struct writer *w, struct transaction *t, size_t *budget);
int writer__check_item(struct writer *w, struct transaction *t, struct item *i, struct object_complaint *c);

/* ---- answer.c, outcome.c ---- */
void writer__answer(struct writer *w, const struct request *r, unsigned status, const json_t *body);
/* {"error": {...}}; sentence empty: the code's own. */
void writer__refuse(
    struct writer *w, const struct request *r, int error, struct slice path, struct slice sentence);
void writer__refuse_status(struct writer *w, const struct request *r, unsigned status, int error,
    struct slice path, struct slice sentence);
void writer__refuse_text(struct writer *w, const struct request *r, int error, const char *sentence);
void writer__send(
    struct writer *w, const struct request *r, unsigned status, struct slice body, uint64_t wanted);
unsigned writer__status(int error);                           /* of HTTP */
void writer__settle(struct writer *w, struct transaction *t); /* it is done, or had nothing to do: answers */
json_t *writer__show_change(const struct kind *k, struct slice name, const char *action, struct slice before,
    struct slice after, uint64_t version);                  /* action NULL: by what is there */
void writer__tell(struct writer *w, struct transaction *t); /* on the bus */
void writer__tell_caught(struct writer *w);                 /* what was read of others' changes */
void writer__tell_many(struct writer *w, const bool kinds[KIND_MAX], uint64_t number);
/* Kept for who was told that it takes longer. */
void writer__keep_result(struct writer *w, const struct transaction *t, unsigned status, struct slice body);
bool writer__result(struct writer *w, const struct request *r);
void writer__results_free(struct writer *w);

/* ---- store.c: questions to the engines; the answer comes as an event of the machine ---- */
void writer__ask_number(struct writer *w);
void writer__ask_page(struct writer *w);                /* of all objects, while loading */
void writer__ask_changes(struct writer *w, bool clear); /* clear: also what others left unfinished */
void writer__ask_hash(struct writer *w);                /* of the password in `w->hashing` */
void writer__ask_fetch(struct writer *w, struct transaction *t);
bool writer__ask_stage(struct writer *w, struct transaction *t); /* false: nothing is left to stage */
void writer__ask_apply(struct writer *w, struct transaction *t);
void writer__ask_settle(struct writer *w, struct transaction *t);
void writer__ask_take(struct writer *w);
/* ---- take.c: their answers ---- */
int writer__take_number(uint64_t *number, struct slice answer);
/* Puts what changed into the catalogue; *more: there is another page. */
int writer__take_changes(struct writer *w, struct slice answer, bool *more);
void writer__catch_up(struct writer *w); /* from the last number on */
int writer__take_fetch(struct writer *w, struct transaction *t, struct slice answer, bool *more);
/* 0 and the number, or 0: it was not made, and *last is the last number that somebody took. */
int writer__take_settle(uint64_t *number, uint64_t *last, struct slice answer);

#endif
