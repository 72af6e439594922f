/* For the tests of the bus: two processes, and numbered messages between them. */
#ifndef TANDEM_TEST_CONFORMANCE_BUS_H
#define TANDEM_TEST_CONFORMANCE_BUS_H

#include "conformance.h"

/* A second process on the same bus, behind the gateway where there is one (the first begins anew then); in
 * the process there is only one. */
struct stage *bus_other(struct stage *s);
/* Until what the one publishes there comes to the other: interest takes its time between servers. */
void bus_settle(struct seat *from, struct seat *to, const char *subject);
void bus_number(struct seat *from, const char *subject, uint64_t number);
/* "1:subject=bytes 2:..." with the tokens; from this note on; without what bus_settle left. */
const char *bus_notes(const struct seat *s, size_t from);
/* The numbers that came rise; says how many and which was the last. */
size_t bus_rising(const struct seat *s, size_t from, uint64_t *last);
const struct real_condition *bus_condition(const struct stage *s);

#endif
