/* What the files of the registrar offer each other; bindings.h includes it. */
#ifndef TANDEM_ROLES_PROXY_REGISTRAR_REGISTRAR_INT_H
#define TANDEM_ROLES_PROXY_REGISTRAR_REGISTRAR_INT_H

#define PROXY_ASKERS 16U
#define PROXY_PLACE_BATCHES 8U
#define PROXY_PLACE_WALKS 64U
struct proxy_asker { /* of all registrations: is told them piece by piece */
    char reply_to[96];
    uint64_t token, number;
    unsigned slice;
    bool begun;
};
struct place_batch { /* what a pair is told at the end of the turn */
    char pair[PROXY_NAME];
    struct buffer bytes;
};
struct place_walk { /* a pair that is told all its DNs */
    char pair[PROXY_NAME];
    unsigned slice;
};

enum registrar_timer {
    REGISTRAR_TIMER_SWEEP = 1,
    REGISTRAR_TIMER_SAVE,
    REGISTRAR_TIMER_ASK,
    REGISTRAR_TIMER_BEACON,
    REGISTRAR_TIMER_TELL,
    REGISTRAR_TIMER_PUSH,
    REGISTRAR_TIMER_AUDIT,
    REGISTRAR_TIMER_PLACES,
    REGISTRAR_TIMER_PURGE
};

void proxy__registrar_timer(
    struct proxy *p, struct world_timer *t, enum registrar_timer id, int64_t microseconds);

/* A page of the store; returns how many rows there were, and leaves DN and contact of the last in `last`. */
size_t proxy__bindings_load(struct proxy *p, struct slice store_answer, char last[2][512]);

/* start.c: what must be known before phones are let in */
void proxy__start(struct proxy *p);
void proxy__start_input(struct proxy *p, const struct input *in);
void proxy__start_told(struct proxy *p); /* another proxy has told all registrations */
bool proxy__bindings_known(const struct proxy *p);

/* registrar.c */
void proxy__register(
    struct proxy *p, struct sip_transaction *t, const struct sip_message *m, const struct sip_target *from);

/* share.c */
void proxy__share_change(struct proxy *p, const struct binding *b);
void proxy__share_flush(struct proxy *p);
void proxy__share_loaded(struct proxy *p); /* all registrations of the store are known */
void proxy__share_open(struct proxy *p);
bool proxy__share_input(struct proxy *p, const struct input *in);
void proxy__share_close(struct proxy *p);

/* snapshot.c: what is told to who asks for all */
void proxy__snapshot_ask(struct proxy *p, const Tandem__Snapshot *ask);
void proxy__snapshot_push(struct proxy *p);

/* save.c */
void proxy__save_later(struct proxy *p, struct binding *b);
void proxy__save_forget(struct proxy *p, struct binding *b); /* it is about to be freed */
void proxy__save_moved(struct proxy *p, struct binding *to, struct binding *from);
void proxy__save_open(struct proxy *p);
bool proxy__save_input(struct proxy *p, const struct input *in);
void proxy__save_close(struct proxy *p);

/* list.c */
struct proxy_question;
void proxy__registrations_question(struct proxy *p, const struct proxy_question *q);

/* places.c: pairs hear which of their DNs are in service (VC-9) */
void proxy__place_changed(struct proxy *p, const struct aor *a);
void proxy__places_greeted(struct proxy *p, const char *pair); /* a pair that knows nothing yet */
void proxy__places_configured(struct proxy *p);
void proxy__places_timer(struct proxy *p);
void proxy__places_flush(struct proxy *p);
void proxy__places_close(struct proxy *p);

#endif
