/* States and events of a member of a pair; the table is in pair_fsm.c. */
#ifndef TANDEM_PAIR_PAIR_FSM_H
#define TANDEM_PAIR_PAIR_FSM_H

enum pair_state {
    PAIR_ST_READING,  /* what the record says is not known yet */
    PAIR_ST_FRESH,    /* backup without the state */
    PAIR_ST_SYNCING,  /* backup, walked through all records */
    PAIR_ST_SHADOW,   /* backup that knows the state */
    PAIR_ST_CLAIMING, /* asks to become primary with nothing: the state is lost or never was */
    PAIR_ST_TAKING,   /* asks to become primary with the state */
    PAIR_ST_ALONE,    /* primary; the record says alone */
    PAIR_ST_CATCHING, /* primary; waits for receipts of all that it let out while it was alone */
    PAIR_ST_JOINING,  /* primary; asks to have the record say in step. Effects wait for receipts already */
    PAIR_ST_PAIRED,   /* primary; in step */
    PAIR_ST_PARTING,  /* primary; asks to have the record say alone. Effects are held */
    PAIR_ST_FROZEN,   /* primary whose lease may have ended. Effects are held */
    PAIR_ST_COUNT
};

enum pair_event {
    PAIR_EV_READ,       /* the record, and who is alive, is known: input is struct pair_facts */
    PAIR_EV_YES,        /* the compare-and-set was done */
    PAIR_EV_NO,         /* somebody else changed the record first */
    PAIR_EV_LINK_UP,    /* the other member said hello */
    PAIR_EV_LINK_DOWN,  /* closed, or silent for too long */
    PAIR_EV_WALKED,     /* primary: the backup has a receipt for everything. backup: it has everything */
    PAIR_EV_SUPERSEDED, /* the record has a later view, or another primary */
    PAIR_EV_LEASE_LOST,
    PAIR_EV_LEASE_BACK,
    PAIR_EV_STALLED, /* no receipt for too long */
    PAIR_EV_COUNT
};

#endif
