/* State machines as constant tables: one object, one machine, one table. The engine looks the event up, runs
 * the action, moves on, arms the timer of the new state and logs the transition. An event that the state does
 * not permit is counted and logged, never asserted: it came from outside. */
#ifndef TANDEM_BASE_FSM_H
#define TANDEM_BASE_FSM_H

#include "base/buffer.h"
#include "base/timer.h"

#define FSM_STAY UINT8_MAX /* as `next`: the state stays, its timer runs on */
#define FSM_CHOICE(state) (1U << (state))

struct fsm_row {
    uint8_t state, event;
    uint8_t next; /* where it goes when the action does not choose */
    uint32_t
        choices; /* states that the action may return instead, as FSM_CHOICE bits; 0: it does not choose */
    /* Returns the next state when the row has choices; otherwise what it returns is not looked at. */
    int (*action)(void *object, const void *input);
};

struct fsm_state {
    const char *name;
    enum timer timer; /* armed on entry, cleared on leaving; TIMER_NONE: none, or set by actions */
    bool final;       /* nothing follows: the owner frees the object */
    /* Runs when the state has been taken (also anew): whoever hears of it here may feed further events, or
     * free the object. Actions must do neither, unless their row stays. May be NULL. */
    void (*enter)(void *object);
};

struct fsm {
    const char *name;
    const struct fsm_state *states;
    const char *const *events;
    const struct fsm_row *rows;
    size_t state_count, event_count, row_count;
    /* Arms (or with TIMER_NONE clears) the state's timer of the object; may be NULL. */
    void (*arm)(void *object, enum timer timer);
    void (*refused)(void *object); /* counts; may be NULL */
};

#define FSM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Feeds one event. 0, or ERROR_STALE when the state does not permit it. The object may be gone afterwards
 * only if its state is final and its owner frees it; so the owner looks at *state, which must then lie
 * outside the object or be read before. */
int fsm_input(const struct fsm *f, uint8_t *state, void *object, uint8_t event, const void *input);

bool fsm_permits(const struct fsm *f, uint8_t state, uint8_t event);

/* The machine as a graph for Graphviz. */
void fsm_graph(const struct fsm *f, struct buffer *out);

#endif
