/* Which name servers this machine uses: /etc/resolv.conf, as resolv.conf(5) describes it. */
#include "run/run_int.h"

#include "tools/file.h"

#define PATH "/etc/resolv.conf"
#define SERVERS 3 /* more are not used by anybody else either */

struct config_list run__resolvers_read(struct slice text, struct slice *items, size_t most)
{
    struct slice line, word;
    size_t count = 0;
    while (count < most && slice_cut(&text, '\n', &line)) {
        struct address a = {.family = 0};
        line = slice_trim(line);
        if (!slice_starts(line, SLICE("nameserver")) || line.length < 12 ||
            (line.data[10] != ' ' && line.data[10] != '\t'))
            continue;
        line = slice_trim(slice_from(line, 10));
        if (slice_cut(&line, ' ', &word) && address_parse_ip(&a, slice_trim(word)) == 0)
            items[count++] = slice_trim(word);
    }
    return (struct config_list){items, count};
}

struct config_list run__resolvers(struct run *r)
{
    struct buffer text = {0}, complaint = {0};
    struct slice *items = arena_zero(&r->texts, SERVERS * sizeof *items);
    struct config_list list = {.count = 0};
    if (tools_file_read(&text, PATH, &complaint) == 0)
        list = run__resolvers_read(arena_copy(&r->texts, buffer_slice(&text)), items, SERVERS);
    buffer_free(&text);
    buffer_free(&complaint);
    return list;
}
