/*
 * The methods and signals of the class CofferDatabase: one table, and the one function that the engine calls for all of them.
 * It checks the arguments by their kinds, calls the library, and makes the result.
 *
 * It must not: know JSON, or hold state.
 * Invariant: a wrong number of arguments, a wrong type or a text with a character 0 is a status and a message that names method
 * and argument; the library is then not called.
 */
#include "bridge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_ARGUMENTS 4

/* How the library is called. */
enum shape {
    SHAPE_SPECIAL, /* a function of the bridge */
    SHAPE_S0,      /* status = f(db) */
    SHAPE_S1,      /* status = f(db, text) */
    SHAPE_S2,
    SHAPE_J0,      /* status = f(db, out_json) */
    SHAPE_J1,      /* status = f(db, text, out_json) */
    SHAPE_J2
};

/* What the script gets: the status, a number or else the status, a handle or else 0, a value or null, a text or null. */
enum result { STATUS, NUMBER, HANDLE, VALUE, TEXT };

/*
 * Kinds of arguments, in lower case those that may be left out or null:
 *   T t  a String                               P p  a path; res:// and user:// are understood
 *   V    any value, which becomes JSON          J    a String that is JSON already
 *   D d  a Dictionary, which becomes JSON too   o    a Dictionary or a String that is JSON
 *   M m  a Dictionary that the method takes apart
 *   I i  an int, or a float that is whole       b    a bool
 *   A a  an Array                               f    a FuncRef that is told how far the work is
 *                                               x    what to give when there is nothing
 */
struct method {
    const char *name;
    const char *kinds;
    const char *names; /* of the arguments, separated by spaces */
    enum result result;
    enum shape shape;
    union {
        special_method special;
        coffer_status (*s0)(coffer_db);
        coffer_status (*s1)(coffer_db, const char *);
        coffer_status (*s2)(coffer_db, const char *, const char *);
        coffer_status (*j0)(coffer_db, char **);
        coffer_status (*j1)(coffer_db, const char *, char **);
        coffer_status (*j2)(coffer_db, const char *, const char *, char **);
    } call;
};

/* ---- methods that ask the library nothing, and leave the last outcome as it is ---- */

static coffer_status say(struct answer *answer, const char *text)
{
    gd->godot_variant_destroy(&answer->value);
    variant_of_text(text, strlen(text), &answer->value);
    return COFFER_OK;
}

static coffer_status get_last_status(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)a;
    gd->godot_variant_destroy(&answer->value);
    variant_int(&answer->value, last_status());
    return COFFER_OK;
}

static coffer_status get_last_error(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)a;
    return say(answer, last_message());
}

static coffer_status get_status_name(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database;
    const int64_t status = a[0].number;
    return say(answer, coffer_status_name(status >= INT32_MIN && status <= INT32_MAX ? (int32_t)status : INT32_MAX));
}

static coffer_status get_version(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)a;
    return say(answer, coffer_version());
}

static coffer_status get_live_handles(struct database *database, const struct argument *a, struct answer *answer)
{
    (void)database, (void)a;
    gd->godot_variant_destroy(&answer->value);
    variant_int(&answer->value, (int64_t)coffer_live_handles());
    return COFFER_OK;
}

/* ---- the table ---- */

#define SPECIAL(result, name, function, kinds, names) {name, kinds, names, result, SHAPE_SPECIAL, {.special = function}}
#define S0(function) {#function, "", "", STATUS, SHAPE_S0, {.s0 = coffer_##function}}
#define S1(name, function, kinds, names) {name, kinds, names, STATUS, SHAPE_S1, {.s1 = coffer_##function}}
#define S2(name, function, kinds, names) {name, kinds, names, STATUS, SHAPE_S2, {.s2 = coffer_##function}}
#define J0(result, name, function, kinds, names) {name, kinds, names, result, SHAPE_J0, {.j0 = coffer_##function}}
#define J1(result, name, function, kinds, names) {name, kinds, names, result, SHAPE_J1, {.j1 = coffer_##function}}
#define J2(result, name, function, kinds, names) {name, kinds, names, result, SHAPE_J2, {.j2 = coffer_##function}}

static const struct method methods[] = {
    SPECIAL(STATUS, "open", database_open, "Po", "path options"),
    SPECIAL(STATUS, "close", database_close, "", ""),
    SPECIAL(VALUE, "is_open", database_is_open, "", ""),
    S0(flush),
    S0(checkpoint),
    SPECIAL(VALUE, "get_last_status", get_last_status, "", ""),
    SPECIAL(VALUE, "get_last_error", get_last_error, "", ""),
    SPECIAL(VALUE, "get_status_name", get_status_name, "I", "status"),
    SPECIAL(VALUE, "get_version", get_version, "", ""),
    SPECIAL(VALUE, "get_live_handles", get_live_handles, "", ""),
    J0(VALUE, "recovery_report", recovery_report, "", ""),
    J0(VALUE, "load_phase11", load_phase11, "", ""),

    S2("save_persistent_data", save_persistent_data, "TV", "key value"),
    S2("save_persistent_text", save_persistent_data, "TJ", "key json"),
    J1(VALUE, "load_persistent_data", load_persistent_data, "Tx", "key default"),
    J1(TEXT, "load_persistent_text", load_persistent_data, "T", "key"),
    S1("clear_database_entry", clear_database_entry, "T", "key"),
    SPECIAL(VALUE, "list_database_keys", list_keys, "tti", "prefix after limit"),
    SPECIAL(NUMBER, "save_entry", save_entry, "TVii", "key value expected_revision durability"),
    SPECIAL(STATUS, "clear_entry", clear_entry, "Tii", "key expected_revision durability"),
    SPECIAL(VALUE, "load_entry", load_entry, "T", "key"),
    SPECIAL(NUMBER, "save_batch", save_batch, "Mami", "documents cleared_keys expected_revisions durability"),

    S1("save_character_roster_state", save_character_roster_state, "V", "roster"),
    S1("save_character_roster_text", save_character_roster_state, "J", "json"),
    J0(VALUE, "load_character_roster_state", load_character_roster_state, "x", "default"),
    J0(TEXT, "load_character_roster_text", load_character_roster_state, "", ""),
    S1("save_equipment_config", save_equipment_config, "V", "equipment"),
    S1("save_equipment_text", save_equipment_config, "J", "json"),
    J0(VALUE, "load_equipment_config", load_equipment_config, "x", "default"),
    J0(TEXT, "load_equipment_text", load_equipment_config, "", ""),
    S1("save_party_config", save_party_config, "V", "party"),
    S1("save_party_text", save_party_config, "J", "json"),
    J0(VALUE, "load_party_config", load_party_config, "x", "default"),
    J0(TEXT, "load_party_text", load_party_config, "", ""),
    SPECIAL(VALUE, "load_version", load_version, "TI", "document version"),
    SPECIAL(TEXT, "load_version_text", load_version, "TI", "document version"),
    J1(VALUE, "list_versions", list_versions, "T", "document"),
    J0(VALUE, "version_counters", version_counters, "", ""),
    SPECIAL(NUMBER, "roll_back_version", roll_back_version, "TI", "document version"),
    SPECIAL(VALUE, "diff_versions", diff_versions, "TIi", "document from to"),

    J1(VALUE, "create_database_snapshot", create_database_snapshot, "t", "label"),
    J2(VALUE, "restore_database_from_snapshot", restore_database_from_snapshot, "To", "id options"),
    J0(VALUE, "list_snapshots", list_snapshots, "", ""),
    J1(VALUE, "get_snapshot", get_snapshot, "T", "id"),
    S1("delete_snapshot", delete_snapshot, "T", "id"),
    SPECIAL(VALUE, "pin_snapshot", pin_snapshot, "Tb", "id pinned"),
    J1(VALUE, "verify_snapshot", verify_snapshot, "T", "id"),
    J2(VALUE, "diff_snapshots", diff_snapshots, "Tt", "from to"),
    J2(VALUE, "load_from_snapshot", load_from_snapshot, "TT", "id key"),
    J2(TEXT, "load_text_from_snapshot", load_from_snapshot, "TT", "id key"),
    J2(VALUE, "export_snapshot", export_snapshot, "TP", "id path"),
    J2(VALUE, "import_snapshot", import_snapshot, "Pt", "path label"),

    SPECIAL(VALUE, "export_database_for_sharing", export_database, "tpf", "format path progress"),
    SPECIAL(VALUE, "import_database_from_external", import_database, "Ptof", "path format options progress"),
    SPECIAL(VALUE, "analyze_database_health", analyze_health, "of", "options progress"),

    SPECIAL(HANDLE, "subscribe", hub_subscribe, "Td", "topic options"),
    SPECIAL(STATUS, "unsubscribe", hub_unsubscribe, "I", "subscription"),
    SPECIAL(STATUS, "replay", hub_replay, "II", "subscription since"),
    SPECIAL(NUMBER, "poll", hub_poll, "ii", "max_events budget_us"),
    SPECIAL(NUMBER, "publish", hub_publish, "TV", "topic value"),
    J0(VALUE, "sync_tier1_data_to_hub", sync_tier1_data_to_hub, "", ""),
    J0(VALUE, "register_database_as_master_reference", register_database_as_master_reference, "", ""),
    J1(VALUE, "hub_references", hub_references, "t", "name"),
    SPECIAL(STATUS, "register_plugin", hub_register_plugin, "D", "description"),
    S1("unregister_plugin", hub_unregister_plugin, "T", "name"),
    J1(VALUE, "hub_plugins", hub_plugins, "t", "name"),
    SPECIAL(VALUE, "call_plugin", hub_call, "TTVi", "plugin method argument time_limit_ms"),
    SPECIAL(HANDLE, "begin_call", hub_begin_call, "TTVi", "plugin method argument time_limit_ms"),
    SPECIAL(VALUE, "await_call", hub_await_call, "Ii", "call wait_us"),
    SPECIAL(STATUS, "answer", hub_answer, "IV", "request value"),
    SPECIAL(STATUS, "refuse", hub_refuse, "IT", "request reason"),

    J1(VALUE, "register_database_api", register_database_api, "o", "options"),
    S0(unregister_database_api),
    J1(VALUE, "gateway_register_endpoint", gateway_register_endpoint, "D", "endpoint"),
    S1("gateway_unregister_endpoint", gateway_unregister_endpoint, "T", "id"),
    J1(VALUE, "gateway_handle_request", gateway_handle_request, "D", "request"),
};

/* ---- arguments ---- */

struct arguments {
    struct argument list[MOST_ARGUMENTS];
    struct text texts[MOST_ARGUMENTS];
    const godot_variant *otherwise; /* of kind x */
};

static const char *name_of_argument(const struct method *method, size_t index, char *room, size_t size)
{
    const char *at = method->names;
    for (size_t i = 0; i < index; i++) at += strcspn(at, " ") + 1;
    snprintf(room, size, "%.*s", (int)strcspn(at, " "), at);
    return room;
}

static coffer_status wrong_type(const struct method *method, size_t index, const godot_variant *variant, const char *wanted)
{
    char name[64];
    return failed(COFFER_ERROR_INVALID_ARGUMENT, "%s: the argument %s must be %s and is %s", method->name,
        name_of_argument(method, index, name, sizeof name), wanted, type_name(variant));
}

static coffer_status take_text(const struct method *method, size_t index, const godot_variant *variant, struct arguments *to)
{
    struct text *text = &to->texts[index];
    char name[64];
    if (!text_of_variant(variant, text)) return failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out for a text");
    if (strlen(text->data) != text->length) {
        return failed(COFFER_ERROR_INVALID_ARGUMENT, "%s: the argument %s has a character 0", method->name,
            name_of_argument(method, index, name, sizeof name));
    }
    to->list[index].text = text->data;
    return COFFER_OK;
}

static coffer_status take_path(const struct method *method, size_t index, const godot_variant *variant, struct arguments *to)
{
    godot_variant absolute;
    coffer_status status = take_text(method, index, variant, to);
    if (status != COFFER_OK) return status;
    if (strncmp(to->list[index].text, "res://", 6) != 0 && strncmp(to->list[index].text, "user://", 7) != 0) return status;
    if (!globalize(variant, &absolute)) return failed(COFFER_ERROR_INTERNAL, "the engine does not tell where %s is", to->list[index].text);
    text_free(&to->texts[index]);
    status = take_text(method, index, &absolute, to);
    gd->godot_variant_destroy(&absolute);
    return status;
}

static coffer_status take_number(const struct method *method, size_t index, const godot_variant *variant, struct arguments *to)
{
    const godot_variant_type type = gd->godot_variant_get_type(variant);
    if (type == GODOT_VARIANT_TYPE_REAL) {
        const double number = gd->godot_variant_as_real(variant);
        if (!(fabs(number) < 9007199254740992.0) || number != floor(number)) {
            return wrong_type(method, index, variant, "a whole number");
        }
    } else if (type != GODOT_VARIANT_TYPE_INT) {
        return wrong_type(method, index, variant, "an int");
    }
    to->list[index].number = gd->godot_variant_as_int(variant);
    return COFFER_OK;
}

static coffer_status take_json(size_t index, const godot_variant *variant, struct arguments *to)
{
    const coffer_status status = json_write(variant, &to->texts[index]);
    if (status == COFFER_OK) to->list[index].text = to->texts[index].data;
    return status;
}

/* Whether a variant has the type that a kind wants: the wanted one in words, or NULL if it fits. */
static const char *unfit(char kind, godot_variant_type type)
{
    const bool is_text = type == GODOT_VARIANT_TYPE_STRING, is_object = type == GODOT_VARIANT_TYPE_DICTIONARY;
    switch (kind) {
    case 'T': case 't': case 'P': case 'p': return is_text ? NULL : "a String";
    case 'J': return is_text ? NULL : "a String that is JSON";
    case 'D': case 'd': case 'M': case 'm': return is_object ? NULL : "a Dictionary";
    case 'o': return is_text || is_object ? NULL : "a Dictionary, or a String that is JSON";
    case 'b': return type == GODOT_VARIANT_TYPE_BOOL ? NULL : "a bool";
    case 'f': return type == GODOT_VARIANT_TYPE_OBJECT ? NULL : "a FuncRef";
    case 'A': case 'a':
        return type == GODOT_VARIANT_TYPE_ARRAY || type == GODOT_VARIANT_TYPE_POOL_STRING_ARRAY ? NULL : "an Array";
    default: return NULL;
    }
}

static coffer_status take_argument(const struct method *method, size_t index, const godot_variant *variant, struct arguments *to)
{
    const char kind = method->kinds[index];
    const godot_variant_type type = gd->godot_variant_get_type(variant);
    if (kind == 'x') {
        to->otherwise = variant;
        return COFFER_OK;
    }
    if (type == GODOT_VARIANT_TYPE_NIL && kind >= 'a') return COFFER_OK; /* as if it was left out */
    const char *wanted = unfit(kind, type);
    if (wanted != NULL) return wrong_type(method, index, variant, wanted);
    to->list[index].variant = variant;
    switch (kind) {
    case 'T': case 't': case 'J': return take_text(method, index, variant, to);
    case 'P': case 'p': return take_path(method, index, variant, to);
    case 'o': return type == GODOT_VARIANT_TYPE_STRING ? take_text(method, index, variant, to) : take_json(index, variant, to);
    case 'D': case 'd': case 'V': return take_json(index, variant, to);
    case 'b': to->list[index].number = gd->godot_variant_as_bool(variant); return COFFER_OK;
    case 'I': case 'i': return take_number(method, index, variant, to);
    default: return COFFER_OK;
    }
}

static coffer_status take_arguments(const struct method *method, int count, godot_variant **variants, struct arguments *to)
{
    const int most = (int)strlen(method->kinds);
    int least = 0;
    while (least < most && method->kinds[least] < 'a') least++;
    if (count < least || count > most) {
        return most == least ? failed(COFFER_ERROR_INVALID_ARGUMENT, "%s takes %d arguments (%s), not %d", method->name, most,
            method->names, count) : failed(COFFER_ERROR_INVALID_ARGUMENT, "%s takes %d to %d arguments (%s), not %d", method->name,
            least, most, method->names, count);
    }
    for (size_t i = 0; i < (size_t)count; i++) {
        const coffer_status status = take_argument(method, i, variants[i], to);
        if (status != COFFER_OK) return status;
    }
    return COFFER_OK;
}

/* ---- the call ---- */

/* Whether handlers or FuncRefs run within the method. */
static bool runs_scripts(const struct method *method)
{
    if (method->shape != SHAPE_SPECIAL) return false;
    const special_method special = method->call.special;
    return special == hub_poll || special == export_database || special == import_database || special == analyze_health;
}

static coffer_status call_library(const struct method *method, struct database *database, const struct argument *a,
                                  struct answer *answer)
{
    const coffer_db db = database_handle(database);
    switch (method->shape) {
    case SHAPE_SPECIAL: return method->call.special(database, a, answer);
    case SHAPE_S0: return settled(method->call.s0(db));
    case SHAPE_S1: return settled(method->call.s1(db, a[0].text));
    case SHAPE_S2: return settled(method->call.s2(db, a[0].text, a[1].text));
    case SHAPE_J0: return settled(method->call.j0(db, &answer->json));
    case SHAPE_J1: return settled(method->call.j1(db, a[0].text, &answer->json));
    case SHAPE_J2: return settled(method->call.j2(db, a[0].text, a[1].text, &answer->json));
    }
    return failed(COFFER_ERROR_INTERNAL, "%s has no shape", method->name);
}

static void make_result(const struct method *method, coffer_status status, const struct arguments *arguments,
                        struct answer *answer, godot_variant *out)
{
    if (method->result == STATUS || (method->result == NUMBER && status != COFFER_OK)) {
        variant_int(out, status);
    } else if (method->result == NUMBER || method->result == HANDLE) {
        variant_int(out, status == COFFER_OK ? answer->number : 0); /* handles use all 64 bits, so none is called negative */
    } else if (status == COFFER_ERROR_NOT_FOUND && arguments->otherwise != NULL) {
        gd->godot_variant_new_copy(out, arguments->otherwise);
    } else if (status != COFFER_OK) {
        variant_nil(out);
    } else if (answer->json == NULL) {
        gd->godot_variant_new_copy(out, &answer->value);
    } else if (method->result == TEXT) {
        variant_of_text(answer->json, strlen(answer->json), out);
    } else if (json_read(answer->json, out) != COFFER_OK) {
        variant_nil(out);
    }
}

static GDCALLINGCONV godot_variant call_method(godot_object *owner, void *data, void *user, int count, godot_variant **variants)
{
    const struct method *method = data;
    struct database *database = user;
    struct arguments arguments = {0};
    struct answer answer = {0};
    godot_variant result;
    (void)owner;
    bury_the_dead();
    variant_nil(&answer.value);
    coffer_status status = database != NULL ? take_arguments(method, count, variants, &arguments) :
        failed(COFFER_ERROR_OUT_OF_MEMORY, "memory ran out when this object was made");
    const bool holds = status == COFFER_OK && runs_scripts(method);
    if (holds) hold(database);
    if (status == COFFER_OK) status = call_library(method, database, arguments.list, &answer);
    if (holds) let_go(database);
    make_result(method, status, &arguments, &answer, &result);
    coffer_string_free(answer.json);
    gd->godot_variant_destroy(&answer.value);
    for (int i = 0; i < MOST_ARGUMENTS; i++) text_free(&arguments.texts[i]);
    return result;
}

/* ---- registration ---- */

static godot_string string_of(const char *text, size_t length)
{
    godot_string string;
    gd->godot_string_new(&string);
    gd->godot_string_parse_utf8_with_len(&string, text, (godot_int)length);
    return string;
}

/* The names of the arguments, for the editor. */
static void name_arguments(void *library, const char *class_name, const struct method *method,
                           const godot_gdnative_ext_nativescript_1_1_api_struct *nativescript_1_1)
{
    godot_method_arg list[MOST_ARGUMENTS];
    char name[64];
    const int count = (int)strlen(method->kinds);
    for (int i = 0; i < count; i++) {
        name_of_argument(method, (size_t)i, name, sizeof name);
        list[i].name = string_of(name, strlen(name));
        list[i].type = GODOT_VARIANT_TYPE_NIL; /* any, as the call itself checks and says more */
        list[i].hint = GODOT_PROPERTY_HINT_NONE;
        list[i].hint_string = string_of("", 0);
    }
    nativescript_1_1->godot_nativescript_set_method_argument_information(library, class_name, method->name, count, list);
    for (int i = 0; i < count; i++) {
        gd->godot_string_destroy(&list[i].name);
        gd->godot_string_destroy(&list[i].hint_string);
    }
}

static void register_signal(void *library, const char *class_name, const char *name, const char *const *arguments, int count,
                            const godot_gdnative_ext_nativescript_api_struct *nativescript)
{
    godot_signal_argument list[7];
    godot_signal signal = {string_of(name, strlen(name)), count, list, 0, NULL};
    memset(list, 0, sizeof list);
    for (int i = 0; i < count; i++) {
        list[i].name = string_of(arguments[i], strlen(arguments[i]));
        list[i].hint_string = string_of("", 0);
        list[i].usage = GODOT_PROPERTY_USAGE_DEFAULT;
        variant_nil(&list[i].default_value);
    }
    nativescript->godot_nativescript_register_signal(library, class_name, &signal);
    for (int i = 0; i < count; i++) {
        gd->godot_string_destroy(&list[i].name);
        gd->godot_string_destroy(&list[i].hint_string);
        gd->godot_variant_destroy(&list[i].default_value);
    }
    gd->godot_string_destroy(&signal.name);
}

void register_methods(void *library, const char *class_name, const godot_gdnative_ext_nativescript_api_struct *nativescript,
                      const godot_gdnative_ext_nativescript_1_1_api_struct *nativescript_1_1)
{
    static const char *const event[] = {"topic", "payload", "sequence", "source", "time_ms", "event_id", "subscription"};
    static const char *const called[] = {"request", "plugin", "method", "argument", "caller"};
    const godot_method_attributes no_rpc = {GODOT_METHOD_RPC_MODE_DISABLED};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const godot_instance_method function = {call_method, (void *)&methods[i], NULL};
        nativescript->godot_nativescript_register_method(library, class_name, methods[i].name, no_rpc, function);
        if (nativescript_1_1 != NULL) name_arguments(library, class_name, &methods[i], nativescript_1_1);
    }
    register_signal(library, class_name, "hub_event", event, 7, nativescript);
    register_signal(library, class_name, "plugin_called", called, 5, nativescript);
}
