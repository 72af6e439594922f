/* Servers that can be reached and are not ours to use: a sentence says what is wrong, nothing is done, and
 * all goes on by itself once somebody has helped. */
#include "registry.h"

static const struct real_condition *condition(const struct stage *s)
{
    return real_engines_condition(s->engines, REAL_PART_REGISTRY);
}

/* CF-10, SEC-1 */
static void it_waits_and_says_why(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    seat_watch(a, "here/", 1);
    CHECK_SAME(registry_set(a, "here/key", 0, "1", NO_LEASE), ERROR_UNREACHABLE);
    STAGE_UNTIL(s, condition(s)->away, STAGE_PATIENCE);
    CHECK(stage_fault("said %s", condition(s)->why));
    stage_run(s, 500);
    CHECK_SAME(a->note_count, 0);
    if (!stage_fault("repair"))
        return;
    STAGE_UNTIL(s, !condition(s)->away, STAGE_PATIENCE);
    CHECK(registry_set(a, "here/key", 0, "1", NO_LEASE) > 0);
    STAGE_UNTIL(s, a->note_count == 1, STAGE_PATIENCE);
}

CONFORMANCE("registry-wrong", CONFORMANCE_TEST(it_waits_and_says_why))
