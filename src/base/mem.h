/* Memory that is counted. Nothing here ever returns NULL: a process that cannot get a few bytes says so in
 * one line and ends, and its pair takes over; that is safer than limping on. Big and outside-driven sizes are
 * bounded by their users (buffer limits, parser limits) before they come here. */
#ifndef TANDEM_BASE_MEM_H
#define TANDEM_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *mem_alloc(size_t size);                /* uninitialised */
void *mem_zero(size_t size);                 /* zeroed */
void *mem_resize(void *memory, size_t size); /* like realloc */
char *mem_copy(const void *memory, size_t size);
void mem_free(void *memory); /* NULL is fine */

/* For tests: memory is overwritten when it is handed out (unless zeroed) and when it is given back, and what
 * grows always moves, so that whoever looks at what it should have forgotten sees rubbish. Set while nothing
 * runs. */
extern bool mem_poison;

/* Bytes handed out and not given back yet: what leak checks and metrics read. */
size_t mem_live_bytes(void);

#endif
