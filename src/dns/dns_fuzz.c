/* Messages of name servers, with anything in them. What is read keeps its bounds. */
#include "dns/dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool good)
{
    if (!good)
        abort();
}

static void check_name(const char *name)
{
    char again[DNS_NAME];
    hold(memchr(name, '\0', DNS_NAME) != NULL);
    hold(dns_name_set(again, slice_text(name)) == 0);
    hold(strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct dns_message m;
    if (dns_parse(&m, slice_of(data, size), &arena) == 0) {
        hold(m.answers <= m.count && m.count <= DNS_RECORDS);
        for (size_t i = 0; i < m.count; i++) {
            check_name(m.records[i].name);
            check_name(m.records[i].target);
            hold(m.records[i].ttl <= INT32_MAX);
        }
        struct buffer out = {0};
        hold(dns_add_question(&out, m.id, slice_text(m.question), (enum dns_type)m.type) == 0);
        struct dns_message again;
        hold(dns_parse(&again, buffer_slice(&out), &arena) == 0);
        hold(again.id == m.id && again.type == m.type && strcmp(again.question, m.question) == 0);
        buffer_free(&out);
    }
    arena_free(&arena);
    return 0;
}
