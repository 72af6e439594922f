#include "base/fsm.h"

#include "base/error.h"
#include "base/log.h"

static const struct fsm_row *find(const struct fsm *f, uint8_t state, uint8_t event)
{
    for (size_t i = 0; i < f->row_count; i++)
        if (f->rows[i].state == state && f->rows[i].event == event)
            return &f->rows[i];
    return NULL;
}

bool fsm_permits(const struct fsm *f, uint8_t state, uint8_t event)
{
    return find(f, state, event) != NULL;
}

static uint8_t choose(const struct fsm *f, const struct fsm_row *row, int chosen)
{
    if (row->choices == 0 || chosen == row->next)
        return row->next;
    if (chosen >= 0 && (size_t)chosen < f->state_count && (row->choices & FSM_CHOICE(chosen)) != 0)
        return (uint8_t)chosen;
    LOG(LOG_ERROR, "base/fsm",
        "%s{%s}: the action for %s chose state %d, which its row does not list; report this", f->name,
        f->states[row->state].name, f->events[row->event], chosen);
    return row->next;
}

int fsm_input(const struct fsm *f, uint8_t *state, void *object, uint8_t event, const void *input)
{
    const struct fsm_row *row = find(f, *state, event);
    if (row == NULL) {
        if (f->refused != NULL)
            f->refused(object);
        LOG(LOG_DEBUG, "base/fsm", "%s{%s}: refused %s", f->name, f->states[*state].name, f->events[event]);
        return ERROR_STALE;
    }
    int chosen = row->action != NULL ? row->action(object, input) : row->next;
    uint8_t next = choose(f, row, chosen);
    if (next == FSM_STAY)
        return 0;
    LOG(LOG_DEBUG, "base/fsm", "%s{%s}: %s -> {%s}", f->name, f->states[*state].name, f->events[event],
        f->states[next].name);
    *state = next;
    if (f->arm != NULL)
        f->arm(object, f->states[next].timer);
    if (f->states[next].enter != NULL)
        f->states[next].enter(object);
    return 0;
}

static void graph_edge(const struct fsm *f, const struct fsm_row *row, uint8_t next, struct buffer *out)
{
    uint8_t to = next == FSM_STAY ? row->state : next;
    buffer_add_format(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", f->states[row->state].name,
        f->states[to].name, f->events[row->event]);
}

/* Machines over one kind of object share its states; each draws only its own. */
static bool is_drawn(const struct fsm *f, size_t state)
{
    for (size_t i = 0; i < f->row_count; i++)
        if (f->rows[i].state == state || f->rows[i].next == state ||
            (f->rows[i].choices & FSM_CHOICE(state)) != 0)
            return true;
    return false;
}

void fsm_graph(const struct fsm *f, struct buffer *out)
{
    buffer_add_format(out, "digraph \"%s\" {\n  rankdir=LR;\n", f->name);
    for (size_t i = 0; i < f->state_count; i++) {
        if (!is_drawn(f, i))
            continue;
        buffer_add_format(
            out, "  \"%s\" [shape=%s", f->states[i].name, f->states[i].final ? "doublecircle" : "ellipse");
        if (f->states[i].timer != TIMER_NONE)
            buffer_add_format(out, ", xlabel=\"%s\"", timer_name(f->states[i].timer));
        buffer_add_text(out, "];\n");
    }
    for (size_t i = 0; i < f->row_count; i++) {
        graph_edge(f, &f->rows[i], f->rows[i].next, out);
        for (uint8_t s = 0; s < f->state_count; s++)
            if ((f->rows[i].choices & FSM_CHOICE(s)) != 0 && s != f->rows[i].next)
                graph_edge(f, &f->rows[i], s, out);
    }
    buffer_add_text(out, "}\n");
}
