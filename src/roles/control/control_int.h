/* The inside of the role. */
#ifndef TANDEM_ROLES_CONTROL_CONTROL_INT_H
#define TANDEM_ROLES_CONTROL_CONTROL_INT_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "config/config.h"
#include "lead/lead.h"
#include "roles/control/control.h"
#include "wire/client.pb-c.h"
#include "wire/health.pb-c.h"
#include "world/world.h"

#define CONTROL_NAME 64
#define CONTROL_TEXT 256
#define CONTROL_MEMBERS 4096U
#define CONTROL_INSTANCES 16384U
#define CONTROL_PARTS 4U
#define CONTROL_TRUNKS 8192U /* as proxies say them */
#define CONTROL_ALARMS 4096U /* raised and pending ones; what is wrong besides is logged */
#define CONTROL_ENDED 4096U  /* cleared ones that the store has not taken yet */
#define CONTROL_QUESTIONS 64U
#define CONTROL_BATCH 64U /* alarms of one transaction */

enum control_object {
    CONTROL_OBJECT_SELF = 1,
    CONTROL_OBJECT_ALARM,
    CONTROL_OBJECT_KEEP,
    CONTROL_OBJECT_QUESTION,
    CONTROL_OBJECT_LEAD
};
enum control_token {
    CONTROL_TOKEN_HEALTH = 1,
    CONTROL_TOKEN_NEWS,
    CONTROL_TOKEN_REQUEST,
    CONTROL_TOKEN_LEAD,
    CONTROL_TOKEN_TRUNKS
};

/* ---- what was heard ---- */

struct control_part {
    char what[16], why[CONTROL_TEXT];
    bool away;
    int64_t since;
};

/* A process. */
struct control_member {
    char name[CONTROL_NAME], version[CONTROL_NAME], location[CONTROL_NAME];
    int64_t heard_at, sent_at, started_at, restarted_at;
    int64_t clock; /* µs that our clock is ahead of its, with the way of the report */
    uint64_t reports;
    uint64_t disk_size, disk_free, configuration;
    int64_t certificate_until;
    struct control_part parts[CONTROL_PARTS];
    unsigned part_count;
};

enum control_health { CONTROL_OK, CONTROL_DEGRADED, CONTROL_DOWN, CONTROL_UNKNOWN };

/* An instance that is configured, or was reported. */
struct control_instance {
    char name[CONTROL_NAME];
    struct control_member *member; /* that reported it last; NULL: none */
    uint64_t report;               /* of the member, that had it */
    int64_t since, silent_since;   /* of its state; missing since (no member has it) */
    char state[16], why[WORLD_WHY];
    bool configured, primary, stuck;
    uint64_t waiting;                    /* call events that no collector has stored */
    uint64_t guessed, roaming, dialling; /* proxies: numbers that do what they should not */
    uint64_t change;                     /* role config: number of its newest change */
    /* judged at each tick */
    enum control_health health;
    int64_t health_since;
    char health_why[CONTROL_TEXT];
};

/* ---- what is wrong ---- */

enum control_severity { CONTROL_CRITICAL, CONTROL_MAJOR, CONTROL_MINOR };
enum control_alarm_kind {
#define ALARM(symbol, ...) CONTROL_ALARM_##symbol,
#include "roles/control/alarm.def"
#undef ALARM
    CONTROL_ALARM_KINDS
};
struct control_alarm_row {
    const char *name;
    enum control_severity severity;
    enum timer raise, clear;
    const char *text, *advice;
};
extern const struct control_alarm_row control__alarm_rows[CONTROL_ALARM_KINDS];

enum control_alarm_state { ALARM_ST_PENDING, ALARM_ST_RAISED, ALARM_ST_CLEARING, ALARM_ST_GONE };
enum control_alarm_event { ALARM_EV_WRONG, ALARM_EV_RIGHT, ALARM_EV_DUE };

struct control_alarm {
    struct control *control;
    enum control_alarm_kind kind;
    uint8_t state;
    uint64_t index; /* names it in timers */
    uint64_t id;    /* in the store and for people; 0: none yet */
    int64_t raised_at, cleared_at, acknowledged_at;
    char acknowledged_by[CONTROL_NAME];
    uint64_t pass; /* of the rules that last found it so */
    struct world_timer timer;
    struct list unsaved; /* in control->unsaved */
    bool writing;        /* as it is, in the request under way */
    char object[CONTROL_NAME], text[CONTROL_TEXT];
    char key[CONTROL_NAME * 2];
};

enum control_keep_state { KEEP_ST_WARM, KEEP_ST_LOADING, KEEP_ST_IDLE, KEEP_ST_WRITING, KEEP_ST_WAITING };
enum control_keep_event { KEEP_EV_LEAD, KEEP_EV_LOST, KEEP_EV_YES, KEEP_EV_NO, KEEP_EV_WORK, KEEP_EV_TIMER };

/* A question for the history of alarms, while the store is asked. */
struct control_question {
    uint64_t token, limit; /* ours */
    uint64_t their_token;
    char reply_to[CONTROL_NAME * 2];
};

struct control {
    struct world *world;
    char name[CONTROL_NAME], location[CONTROL_NAME];
    int64_t judges_from, ticked_at;
    struct map members, instances; /* by name */
    struct map trunks;             /* trunk.c: by name and proxy */
    struct map alarms;             /* by key: kind and object */
    struct map alarms_by_index;
    struct list unsaved; /* alarms whose change is not in the store yet, cleared ones too */
    size_t ended;        /* cleared ones among them */
    uint64_t pass, last_index, last_id, last_question;
    bool leads, deaf; /* deaf: does not hear even its own process */
    uint64_t lead;    /* number of the one that leads, as far as known */
    uint8_t keep;     /* enum control_keep_state */
    uint64_t asked;   /* token of the question about keeping that is open */
    struct map questions;
    struct lead leading;
    struct world_timer tick, all, keep_timer, purge;
    struct arena arena; /* of one turn */
};

#include "roles/control/calls.h"

#endif
