/* CF-11, SM-44: the REST interface is described, all of it, and nothing that is not there. */
#include "roles/session/session_int.h"

#include <jansson.h>

#include "unit.h"

static json_t *description(void)
{
    struct buffer text = {0};
    json_error_t error;
    session__openapi_describe(&text);
    json_t *all = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(all);
    buffer_free(&text);
    return all;
}

/* Each reference leads to a schema. */
static void check_references(const json_t *all, const json_t *at)
{
    const char *name;
    json_t *value;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)at, name, value)
    {
        if (strcmp(name, "$ref") == 0) {
            static const char start[] = "#/components/schemas/";
            assert_int_equal(strncmp(json_string_value(value), start, sizeof start - 1), 0);
            assert_non_null(json_object_get(json_object_get(json_object_get(all, "components"), "schemas"),
                json_string_value(value) + sizeof start - 1));
        }
        check_references(all, value);
    }
    json_array_foreach(at, i, value) check_references(all, value);
}

static bool has_parameter(const json_t *operation, const char *name, size_t length)
{
    const json_t *parameter;
    size_t i;
    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
    {
        const char *found = json_string_value(json_object_get(parameter, "name"));
        if (strncmp(found, name, length) == 0 && found[length] == '\0' &&
            strcmp(json_string_value(json_object_get(parameter, "in")), "path") == 0)
            return json_is_true(json_object_get(parameter, "required"));
    }
    return false;
}

static void check_operation(const char *path, const json_t *operation, json_t *ids)
{
    const char *id = json_string_value(json_object_get(operation, "operationId"));
    assert_non_null(id);
    assert_null(json_object_get(ids, id));
    json_object_set_new(ids, id, json_true());
    assert_true(json_string_length(json_object_get(operation, "summary")) != 0);
    assert_true(json_object_size(json_object_get(operation, "responses")) != 0);
    for (const char *at = path; (at = strchr(at, '{')) != NULL; at++)
        assert_true(has_parameter(operation, at + 1, (size_t)(strchr(at, '}') - at - 1)));
}

static void the_description_is_whole(void **state)
{
    (void)state;
    json_t *all = description(), *ids = json_object(), *item, *operation;
    const char *path, *method;
    assert_string_equal(json_string_value(json_object_get(all, "openapi")), "3.1.0");
    assert_non_null(json_object_get(json_object_get(all, "info"), "title"));
    assert_non_null(json_object_get(json_object_get(all, "info"), "version"));
    json_object_foreach(json_object_get(all, "paths"), path, item)
    {
        assert_int_equal(path[0], '/');
        json_object_foreach(item, method, operation) check_operation(path, operation, ids);
    }
    check_references(all, all);
    assert_non_null(json_object_get(json_object_get(all, "paths"), "/api/config/dn/{name}"));
    json_decref(ids);
    json_decref(all);
}

static bool falls_under(const char *path, const char *route)
{
    size_t length = strlen(route);
    return route[length - 1] == '/' ? strncmp(path, route, length) == 0 : strcmp(path, route) == 0;
}

/* The bits of the methods that the description has below a route. */
static unsigned described(const json_t *all, const char *route)
{
    unsigned methods = 0;
    const char *path, *method;
    json_t *item, *operation;
    json_object_foreach(json_object_get(all, "paths"), path, item) if (falls_under(path, route))
        json_object_foreach(item, method, operation)
    {
        char upper[8] = "";
        for (size_t i = 0; method[i] != '\0'; i++)
            upper[i] = (char)(method[i] & ~0x20);
        methods |= HTTP_BIT(strcmp(upper, "GET") == 0      ? HTTP_GET
                            : strcmp(upper, "PUT") == 0    ? HTTP_PUT
                            : strcmp(upper, "DELETE") == 0 ? HTTP_DELETE
                                                           : HTTP_POST);
    }
    return methods;
}

static void every_route_is_described(void **state)
{
    (void)state;
    json_t *all = description(), *item;
    const char *route, *path;
    unsigned methods;
    bool open, found;
    for (size_t at = 0; session__route_at(at, &route, &methods, &open); at++)
        assert_int_equal(described(all, route), methods & ~(unsigned)HTTP_BIT(HTTP_HEAD));
    json_object_foreach(json_object_get(all, "paths"), path, item)
    {
        found = false;
        for (size_t at = 0; !found && session__route_at(at, &route, &methods, &open); at++)
            found = falls_under(path, route);
        assert_true(found);
    }
    json_decref(all);
}

TESTS("roles/session/openapi", cmocka_unit_test(the_description_is_whole),
    cmocka_unit_test(every_route_is_described))
