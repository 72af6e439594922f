#include "config/start/option.h"

#include "base/error.h"

#include "unit.h"

#define ALL UINT64_MAX

static void assert_complaint(struct buffer *complaint, const char *text)
{
    buffer_add_byte(complaint, '\0');
    assert_string_equal(complaint->data, text);
    buffer_free(complaint);
}

static void takes_the_command_line(void **state)
{
    (void)state;
    char *arguments[] = {"dn", "--data=/x", "--listen", "udp:127.0.0.1:5070", "--json", "--", "-1"};
    struct options o;
    options_init(&o);
    assert_int_equal(options_arguments(&o, 7, arguments, ALL, NULL), 0);
    assert_true(slice_equal(options_text(&o, OPTION_DATA), SLICE("/x")));
    assert_int_equal(o.word_count, 2);
    assert_string_equal(o.words[1], "-1");
    assert_true(options_flag(&o, OPTION_JSON));
    assert_false(options_flag(&o, OPTION_SECRETS));
    struct config_local local = options_local(&o);
    assert_int_equal(local.listen.count, 4);
    assert_true(slice_equal(local.listen.items[1], SLICE("tcp:127.0.0.1:5060")));
    assert_int_equal(local.listen_more.count, 1);
    assert_int_equal(options_log_level(&o), LOG_NOTICE);
}

static void refuses_arguments(
    char **arguments, int count, uint64_t permitted, int error, const char *sentence)
{
    struct options o;
    struct buffer complaint = {0};
    options_init(&o);
    assert_int_equal(options_arguments(&o, count, arguments, permitted, &complaint), error);
    assert_complaint(&complaint, sentence);
}

static void says_what_is_wrong_on_the_command_line(void **state)
{
    (void)state;
    char *misspelt[] = {"--dta", "x"}, *strange[] = {"--qqqqqqq"}, *cut[] = {"--data"},
         *flag[] = {"--json=1"};
    char *bad[] = {"--web", "udp:127.0.0.1:1"}, *level[] = {"--log", "loud"};
    refuses_arguments(misspelt, 2, ALL, ERROR_UNSUPPORTED, "unknown option --dta; did you mean --data?");
    refuses_arguments(strange, 1, ALL, ERROR_UNSUPPORTED, "unknown option --qqqqqqq; see tandem help");
    refuses_arguments(cut, 1, ALL, ERROR_SYNTAX, "--data needs a value: --data DIR");
    refuses_arguments(flag, 1, ALL, ERROR_SYNTAX, "--json takes no value");
    refuses_arguments(bad, 2, ALL, ERROR_SYNTAX, "--web udp:127.0.0.1:1: must be tls:ADDRESS:PORT");
    refuses_arguments(
        level, 2, ALL, ERROR_SYNTAX, "--log loud: must be error, warning, notice, info or debug");
    refuses_arguments(flag, 1, OPTION_PLACE, ERROR_UNSUPPORTED, "unknown option --json; see tandem help");
}

static void refuses_file(const char *text, int error, const char *sentence)
{
    struct options o;
    struct arena arena = {0};
    struct buffer complaint = {0};
    options_init(&o);
    assert_int_equal(options_file(&o, SLICE("tandem.toml"), slice_text(text), &arena, &complaint), error);
    assert_complaint(&complaint, sentence);
    arena_free(&arena);
}

/* CF-4: an unknown or wrong setting is a clear error with the line. */
static void says_what_is_wrong_in_the_start_file(void **state)
{
    (void)state;
    refuses_file("data = \"x\"\nlsten = []", ERROR_UNSUPPORTED,
        "tandem.toml:2: there is no setting \"lsten\"; did you mean \"listen\"?");
    refuses_file("[voicemail]", ERROR_UNSUPPORTED,
        "tandem.toml:1: there is no setting \"voicemail\"; see tandem reference options");
    refuses_file("json = true", ERROR_UNSUPPORTED,
        "tandem.toml:1: there is no setting \"json\"; see tandem reference options");
    refuses_file("data = 7", ERROR_SYNTAX, "tandem.toml:1: data must be a text in quotes");
    refuses_file("data = \"\"", ERROR_SYNTAX, "tandem.toml:1: data must not be empty");
    refuses_file("listen = [\n\"udp:127.0.0.1:5060\",\n\"sip:1\"]", ERROR_SYNTAX,
        "tandem.toml:3: listen is no endpoint; write it like udp:127.0.0.1:5060");
    refuses_file("listen = \"x\"", ERROR_SYNTAX, "tandem.toml:1: listen must be a list of texts");
    refuses_file(
        "data = \"x", ERROR_SYNTAX, "tandem.toml:1: the text does not end on its line; a \" is missing");
}

#define ENGINES                                                                                              \
    "registry = [\"https://192.0.2.1:2379\"]\nbus = [\"tls://bus.test:4222\"]\nstore = [\"[::1]:5432\"]\n"

/* CF-4: an option that makes no sense without another one says which. */
static void says_what_is_missing_in_the_start_file(void **state)
{
    (void)state;
    refuses_file("name = \"host-1\"\nbus = [\"nats://127.0.0.1:1\"]", ERROR_MISSING,
        "tandem.toml:1: name needs registry too");
    refuses_file(
        "registry = [\"http://127.0.0.1:2379\"]", ERROR_MISSING, "tandem.toml:1: registry needs name too");
    refuses_file(ENGINES "name = \"a\"\nbus-password-file = \"x\"", ERROR_MISSING,
        "tandem.toml:5: bus-password-file needs bus-user too");
    refuses_file("log = \"info\"\nkey = \"k\"", ERROR_MISSING, "tandem.toml:2: key needs certificate too");
    refuses_file(
        "certificate = \"c\"\nkey = \"k\"", ERROR_MISSING, "tandem.toml:1: certificate needs authority too");
    refuses_file("store = []\nname = \"a\"\nbus = [\"tls://a:1\"]\nregistry = [\"https://a:1\"]",
        ERROR_MISSING, "tandem.toml:2: name needs store too");
}

/* CF-4, SEC-1: places of engines; what leaves the machine is encrypted. */
static void says_what_is_wrong_with_places_of_engines(void **state)
{
    (void)state;
    refuses_file(
        "name = \"a b\"", ERROR_SYNTAX, "tandem.toml:1: name may have letters, digits, - _ and . only");
    refuses_file(
        "cluster = \"a.b\"", ERROR_SYNTAX, "tandem.toml:1: cluster may have letters, digits, - and _ only");
    refuses_file(
        "registry = \"https://a:1\"", ERROR_SYNTAX, "tandem.toml:1: registry must be a list of texts");
    refuses_file("registry = [\"https://a:1\",\n\"etcd:2379\"]", ERROR_SYNTAX,
        "tandem.toml:2: registry must be https://HOST:PORT");
    refuses_file("registry = [\"http://192.0.2.1:2379\"]", ERROR_SYNTAX,
        "tandem.toml:1: registry leaves this machine unencrypted; write https://");
    refuses_file("bus = [\"nats://bus:4222\"]", ERROR_SYNTAX,
        "tandem.toml:1: bus leaves this machine unencrypted; write tls://");
    refuses_file("bus = [\"tls://bus:70000\"]", ERROR_SYNTAX, "tandem.toml:1: bus must be tls://HOST:PORT");
    refuses_file("store = [\"db\"]", ERROR_SYNTAX, "tandem.toml:1: store must be HOST:PORT");
    refuses_file("store = [\"d b:1\"]", ERROR_SYNTAX, "tandem.toml:1: store must be HOST:PORT");
    refuses_file(
        "metrics = \"udp:127.0.0.1:1\"", ERROR_SYNTAX, "tandem.toml:1: metrics must be tcp:ADDRESS:PORT");
    refuses_file("regsitry = []", ERROR_UNSUPPORTED,
        "tandem.toml:1: there is no setting \"regsitry\"; did you mean \"registry\"?");
    char *registry[] = {"--registry", "x"};
    refuses_arguments(registry, 2, OPTION_PLACE, ERROR_UNSUPPORTED,
        "unknown option --registry; it stands in the start file only");
}

/* CF-4: lists of text, and what a member takes from them. */
static void takes_places_of_engines(void **state)
{
    (void)state;
    struct options o;
    struct arena arena = {0};
    options_init(&o);
    assert_int_equal(options_file(&o, SLICE("f"),
                         SLICE(ENGINES "name = \"host-1\"\nmetrics = \"tcp:127.0.0.1:9100\""), &arena, NULL),
        0);
    assert_true(options_has(&o, OPTION_REGISTRY));
    assert_int_equal(o.values[OPTION_BUS].count, 1);
    assert_true(slice_equal(o.values[OPTION_BUS].items[0], SLICE("tls://bus.test:4222")));
    assert_true(slice_equal(options_text(&o, OPTION_CLUSTER), SLICE("tandem")));
    assert_false(options_has(&o, OPTION_KEY));
    arena_free(&arena);
}

/* CF-4: the command line wins over the file, the file over the defaults. */
static void command_line_wins(void **state)
{
    (void)state;
    char *arguments[] = {"--data", "/mine"};
    struct options o;
    struct arena arena = {0};
    options_init(&o);
    assert_int_equal(options_arguments(&o, 2, arguments, ALL, NULL), 0);
    assert_int_equal(
        options_file(&o, SLICE("f"),
            SLICE("data = \"/theirs\"\nlog = \"debug\"\nlisten = [\"udp:127.0.0.1:9\"]"), &arena, NULL),
        0);
    assert_true(slice_equal(options_text(&o, OPTION_DATA), SLICE("/mine")));
    assert_int_equal(options_log_level(&o), LOG_DEBUG);
    assert_int_equal(options_local(&o).listen.count, 1);
    assert_true(slice_equal(options_text(&o, OPTION_WEB), SLICE("tls:127.0.0.1:8443")));
    arena_free(&arena);
}

/* The samples in the reference are start files that can be used. */
static void samples_can_be_used(void **state)
{
    (void)state;
    struct buffer reference = {0};
    struct options o;
    struct arena arena = {0};
    option_reference(&reference);
    struct slice rest = buffer_slice(&reference);
    for (int sample = 0; sample < 2; sample++) {
        rest = slice_from(rest, (size_t)slice_find_slice(rest, SLICE("```toml\n")) + 8);
        size_t end = (size_t)slice_find_slice(rest, SLICE("```"));
        options_init(&o);
        assert_int_equal(options_file(&o, SLICE("f"), slice_first(rest, end), &arena, NULL), 0);
        assert_int_equal(options_local(&o).listen.count, 4);
        assert_int_equal(options_has(&o, OPTION_REGISTRY), sample == 1);
        rest = slice_from(rest, end + 3);
    }
    arena_free(&arena);
    buffer_free(&reference);
}

TESTS("config/start/option", cmocka_unit_test(takes_the_command_line),
    cmocka_unit_test(says_what_is_wrong_on_the_command_line),
    cmocka_unit_test(says_what_is_wrong_in_the_start_file),
    cmocka_unit_test(says_what_is_missing_in_the_start_file),
    cmocka_unit_test(says_what_is_wrong_with_places_of_engines), cmocka_unit_test(takes_places_of_engines),
    cmocka_unit_test(command_line_wins), cmocka_unit_test(samples_can_be_used))
