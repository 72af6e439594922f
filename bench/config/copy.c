/* The copy of the configuration at so many DNs: bytes per DN and µs of CPU per change of one of them.
 *
 *     copy ours COUNT     the way of the program: a change shares everything else with the copy before
 *     copy rebuild COUNT  the plain way: all objects are kept as JSON, and a change builds everything again
 *     copy floor COUNT    what the rows themselves are: their members and texts, and the change of one in
 * place
 *
 * Prints "BYTES MICROSECONDS". */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "config/catalogue.h"

static unsigned count;

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct slice body_of(char text[160], char number[16], unsigned i, unsigned round)
{
    snprintf(number, 16, "%u", 1000000 + i);
    int length = snprintf(text, 160,
        "{\"number\":\"%s\",\"name\":\"Phone %u\",\"location\":\"home\",\"secret\":\"n5Qw8rYt2LkJ%u\"}",
        number, i, round);
    return slice_of(text, (size_t)length);
}

static void put(struct config_builder *b, struct catalogue *c, unsigned i, unsigned round)
{
    char text[160], number[16];
    struct slice body = body_of(text, number, i, round);
    struct object o = {&kind_dn, slice_text(number), body, 1 + round};
    if (c != NULL)
        catalogue_put(c, &o);
    else if (object_build(b, &o) != 0)
        abort();
}

static struct configuration *end(struct config_builder *b)
{
    struct configuration *c;
    if (config_builder_end(&c, b, NULL) != 0)
        abort();
    return c;
}

static void ours(void)
{
    enum { CHANGES = 100000 };
    size_t before = mem_live_bytes();
    struct config_builder *b = config_builder_empty();
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    for (unsigned i = 0; i < count; i++)
        put(b, NULL, i, 0);
    struct configuration *c = end(b);
    double bytes = (double)(mem_live_bytes() - before) / count, begun = cpu();
    for (unsigned n = 1; n <= CHANGES; n++) {
        struct configuration *old = c;
        b = config_builder_from(c);
        put(b, NULL, (unsigned)((uint64_t)n * 7919 % count), n);
        c = end(b);
        config_release(old); /* the old one is read while the new one is made, as in the program */
    }
    printf("%.1f %.3f\n", bytes, (cpu() - begun) / CHANGES);
    config_release(c);
}

static struct configuration *from_all(const struct catalogue *all)
{
    const struct object *list[256];
    struct config_builder *b = config_builder_new();
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        struct slice after = {0};
        for (size_t n; (n = catalogue_list(list, 256, all, k, after)) != 0; after = list[n - 1]->name)
            for (size_t i = 0; i < n; i++)
                if (object_build(b, list[i]) != 0)
                    abort();
    }
    return end(b);
}

static void rebuild(void)
{
    enum { CHANGES = 3 };
    size_t before = mem_live_bytes();
    struct catalogue *all = catalogue_new();
    struct configuration *c, *old;
    catalogue_put(all, &(struct object){&kind_location, SLICE("home"), SLICE("{\"name\":\"home\"}"), 1});
    for (unsigned i = 0; i < count; i++)
        put(NULL, all, i, 0);
    c = from_all(all);
    double bytes = (double)(mem_live_bytes() - before) / count, begun = cpu();
    for (unsigned n = 1; n <= CHANGES; n++) {
        put(NULL, all, n * 7919 % count, n);
        old = c;
        c = from_all(all);
        config_release(old);
    }
    printf("%.1f %.3f\n", bytes, (cpu() - begun) / CHANGES);
    config_release(c);
    catalogue_free(all);
}

static void bare(void)
{
    enum { CHANGES = 1000000 };
    char text[160], number[16];
    struct config_dn **rows = malloc(count * sizeof *rows);
    double bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%u", 1000000 + i);
        int length = snprintf(text, sizeof text, "%sPhone %u", number, i);
        rows[i] = malloc(sizeof **rows + (size_t)length);
        memcpy(rows[i] + 1, text, (size_t)length);
        bytes += (double)(sizeof **rows + (size_t)length);
    }
    double begun = cpu();
    for (unsigned n = 1; n <= CHANGES; n++)
        rows[(uint64_t)n * 7919 % count]->ha1_md5[0] = (uint8_t)n;
    printf("%.1f %.3f\n", bytes / count, (cpu() - begun) / CHANGES);
    for (unsigned i = 0; i < count; i++)
        free(rows[i]);
    free(rows);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 3 || (count = (unsigned)atoi(arguments[2])) == 0)
        return 2;
    if (strcmp(arguments[1], "ours") == 0)
        ours();
    else if (strcmp(arguments[1], "rebuild") == 0)
        rebuild();
    else
        bare();
    return 0;
}
