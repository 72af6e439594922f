/* The name servers of the machine, as people write them. */
#include "run/run_int.h"

#include "unit.h"

static void name_servers_are_read_from_resolv_conf(void **state)
{
    (void)state;
    struct slice items[3];
    struct config_list l = run__resolvers_read(SLICE("# comment\nsearch example.com\nnameserver 127.0.0.53\n"
                                                     "nameserver\t2001:db8::1 \r\nnameservers 192.0.2.9\n"
                                                     "nameserver no-address\nnameserver\noptions edns0\n"
                                                     "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"),
        items, 3);
    assert_int_equal(l.count, 3);
    assert_true(slice_equal(items[0], SLICE("127.0.0.53")));
    assert_true(slice_equal(items[1], SLICE("2001:db8::1")));
    assert_true(slice_equal(items[2], SLICE("192.0.2.1")));
    assert_int_equal(run__resolvers_read(SLICE(""), items, 3).count, 0);
}

TESTS("run/resolvers", cmocka_unit_test(name_servers_are_read_from_resolv_conf));
