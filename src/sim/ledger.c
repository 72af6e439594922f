#include "sim/ledger.h"

#include "base/mem.h"

#define DIGITS 12U

static const char *const ends[] = {"open", "hung up", "cleared", "cancelled", "refused", "timed out", "lost"};

const char *ledger_end_name(uint8_t end)
{
    return ends[end];
}

void ledger_free(struct ledger *l)
{
    mem_free(l->calls);
    *l = (struct ledger){0};
}

uint64_t ledger_begin(struct ledger *l, uint32_t caller, int64_t now)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity != 0 ? l->capacity * 2 : 1024;
        l->calls = mem_resize(l->calls, l->capacity * sizeof *l->calls);
    }
    l->calls[l->count] = (struct ledger_call){.started = now,
        .caller = {.phone = caller, .state = LEDGER_TRYING, .since = now},
        .callee = {.phone = UINT32_MAX},
        .twin = {.phone = UINT32_MAX}};
    l->open++;
    return ++l->count;
}

struct ledger_call *ledger_at(struct ledger *l, uint64_t number)
{
    return number != 0 && number <= l->count ? &l->calls[number - 1] : NULL;
}

uint64_t ledger_number(struct slice call_id)
{
    uint64_t number = 0;
    for (size_t i = 0; i < call_id.length && i <= DIGITS; i++) {
        char c = call_id.data[i];
        if (c == '-')
            return i != 0 ? number : 0;
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            return 0;
    }
    return 0;
}

struct ledger_side *ledger_callee(struct ledger_call *call, uint32_t phone)
{
    return call->callee.phone == phone ? &call->callee : call->twin.phone == phone ? &call->twin : NULL;
}

struct ledger_side *ledger_take(struct ledger_call *call, uint32_t phone, bool has_twin)
{
    struct ledger_side *known = ledger_callee(call, phone);
    if (known != NULL)
        return known;
    if (call->callee.phone == UINT32_MAX ||
        (call->callee.state == LEDGER_ENDED && !call->callee.was_established))
        return &call->callee;
    bool free = call->twin.phone == UINT32_MAX || call->twin.state == LEDGER_ENDED;
    return has_twin && free ? &call->twin : NULL;
}

void ledger_move(struct ledger_side *side, enum ledger_state state, int64_t now)
{
    if (side->state >= state)
        return;
    side->state = (uint8_t)state;
    side->since = now;
    side->was_established |= state == LEDGER_ESTABLISHED;
}

void ledger_end(struct ledger *l, struct ledger_call *call, struct ledger_side *side, enum ledger_end how,
    unsigned status, int64_t now)
{
    if (side->state == LEDGER_ENDED)
        return;
    side->state = LEDGER_ENDED;
    side->since = now;
    side->end = (uint8_t)how;
    side->status = (uint16_t)status;
    if (side != &call->caller)
        return;
    l->open--;
    l->ends[how]++;
    l->established +=
        call->caller.was_established && (call->callee.was_established || call->twin.was_established);
}
