/* Inside the room. */
#ifndef TANDEM_LEAD_LEAD_INT_H
#define TANDEM_LEAD_LEAD_INT_H

#include "lead/lead.h"

enum lead_state {
    LEAD_ST_WAITING,   /* somebody else leads, or it is not known; looks each second */
    LEAD_ST_READING,   /* asks who holds the key */
    LEAD_ST_GRANTING,  /* nobody does: asks for a lease */
    LEAD_ST_CLAIMING,  /* ... and for the key */
    LEAD_ST_REGAINING, /* the key is still its own: renews its lease */
    LEAD_ST_LEADING,
    LEAD_ST_RESIGNED
};
enum lead_event {
    LEAD_EV_YES,
    LEAD_EV_NO,
    LEAD_EV_UNKNOWN, /* no answer, or one that does not say what it should */
    LEAD_EV_TIMER,
    LEAD_EV_FREE,   /* the key went */
    LEAD_EV_TAKEN,  /* ... or is somebody else's */
    LEAD_EV_LAPSED, /* the lease may have ended */
    LEAD_EV_RESIGN
};

enum lead_timer { LEAD_PACE, LEAD_END };

/* Who holds the key, by an answer or by the watch. */
enum lead_holder { LEAD_NOBODY, LEAD_SELF, LEAD_OTHER };

/* What came back, as far as it is whole. */
struct lead_answer {
    enum lead_holder holder;
    uint64_t revision, lease;
};

void lead__event(struct lead *l, enum lead_event event, const struct lead_answer *answer);

/* ---- lead_ask.c: questions; the answer comes as an event ---- */
void lead__read(struct lead *l);
void lead__grant(struct lead *l);
void lead__claim(struct lead *l);
void lead__renew(struct lead *l);
/* Of which nobody awaits the answer. */
void lead__revoke(struct lead *l);
void lead__answer(struct lead *l, const struct input *in);
void lead__watch(struct lead *l, const struct input *in);

#endif
