/* What the files of the role offer each other; control_int.h includes it. */
#ifndef TANDEM_ROLES_CONTROL_CALLS_H
#define TANDEM_ROLES_CONTROL_CALLS_H

/* member.c */
void control__report(struct control *c, struct slice bytes);
void control__configured(struct control *c);
void control__judge(struct control *c); /* the health of every instance and member */
bool control__silent(const struct control *c, const struct control_member *m);
void control__members_free(struct control *c);
const char *control__health_name(enum control_health health);
void control__copy(char *to, size_t size, struct slice text); /* cut, with a NUL */

/* trunk.c */
void control__trunk_news(struct control *c, struct slice bytes);
void control__trunks_sweep(struct control *c);
void control__trunk_rules(struct control *c);
void control__add_trunks(struct control *c, struct buffer *out);
void control__trunks_free(struct control *c);

/* rule.c */
void control__rules(struct control *c);

/* alarm.c */
void control__wrong(struct control *c, enum control_alarm_kind kind, const char *object, const char *format,
    ...) __attribute__((format(printf, 4, 5)));
void control__rules_done(struct control *c); /* what was not found wrong in this pass is right */
struct control_alarm *control__alarm(struct control *c, enum control_alarm_kind kind, struct slice object);
void control__alarm_due(struct control *c, uint64_t index);
void control__alarm_free(struct control_alarm *a);
void control__alarms_free(struct control *c);
void control__alarm_changed(struct control_alarm *a); /* to be told, and to be stored */
const char *control__severity_name(enum control_severity severity);
int control__alarm_find(enum control_alarm_kind *kind, const char *name);
Tandem__Alarm *control__alarm_message(const struct control_alarm *a, struct arena *arena);

/* alarm_fsm.c */
void control__alarm_event(struct control_alarm *a, enum control_alarm_event event);

/* news.c */
void control__tell(struct control *c, struct control_alarm *a); /* NULL: all that are raised */
void control__hear(struct control *c, struct slice bytes);

/* keep.c, keep_fsm.c */
void control__keep_event(struct control *c, enum control_keep_event event, const struct input *in);
void control__keep_answer(struct control *c, const struct input *in);
void control__ask_open(struct control *c);
void control__take_open(struct control *c, struct slice bytes);
void control__ask_write(struct control *c);
void control__written(struct control *c);
void control__ask_purge(struct control *c);
void control__ask_page(struct control *c, struct control_question *q, uint64_t before);

/* request.c, answer.c */
void control__request(struct control *c, struct slice bytes);
void control__page_came(struct control *c, const struct input *in);
void control__add_status(struct control *c, struct buffer *out);
void control__add_alarms(struct control *c, struct buffer *out);
void control__add_alarm(struct buffer *out, const Tandem__Alarm *a);
void control__answer(
    struct control *c, const char *reply_to, uint64_t token, unsigned status, struct slice body);

#endif
