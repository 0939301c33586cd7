/*
 * The header by itself, included twice, as C99 and as C++11, 17 and 20, with every warning an error.
 *
 * It must not call the library: compiling it is the test. Invariant: each function has exactly the shape that callers
 * were compiled against, and each constant its number; a change here is a change of the ABI and needs a new
 * COFFER_ABI_VERSION.
 */
#include "coffer.h"
#include "coffer.h"

/* An array of -1 elements is an error in every language that the header serves. */
#define SAME(name, condition) typedef char name[(condition) ? 1 : -1]

SAME(status_is_32_bits, sizeof(coffer_status) == 4 && (coffer_status)-1 < 0);
SAME(handle_is_64_bits, sizeof(coffer_db) == 8 && (coffer_db)-1 > 0);
SAME(subscription_is_64_bits, sizeof(coffer_subscription) == 8 && (coffer_subscription)-1 > 0);
SAME(request_is_64_bits, sizeof(coffer_request) == 8 && (coffer_request)-1 > 0);
SAME(call_is_64_bits, sizeof(coffer_call) == 8 && (coffer_call)-1 > 0);
SAME(abi_version, COFFER_ABI_VERSION == 2);
SAME(version_text, sizeof COFFER_VERSION >= sizeof "0.0.0");

SAME(status_0, COFFER_OK == 0);
SAME(status_1, COFFER_ERROR_NULL_ARGUMENT == -1);
SAME(status_2, COFFER_ERROR_INVALID_HANDLE == -2);
SAME(status_3, COFFER_ERROR_INVALID_UTF8 == -3);
SAME(status_4, COFFER_ERROR_INVALID_JSON == -4);
SAME(status_5, COFFER_ERROR_INVALID_KEY == -5);
SAME(status_6, COFFER_ERROR_INVALID_OPTION == -6);
SAME(status_7, COFFER_ERROR_INVALID_ARGUMENT == -7);
SAME(status_8, COFFER_ERROR_TOO_LARGE == -8);
SAME(status_9, COFFER_ERROR_TOO_DEEP == -9);
SAME(status_10, COFFER_ERROR_NOT_FOUND == -10);
SAME(status_11, COFFER_ERROR_CONFLICT == -11);
SAME(status_12, COFFER_ERROR_RESERVED_KEY == -12);
SAME(status_13, COFFER_ERROR_BUFFER_TOO_SMALL == -13);
SAME(status_14, COFFER_ERROR_BUSY == -14);
SAME(status_15, COFFER_ERROR_READ_ONLY == -15);
SAME(status_16, COFFER_ERROR_IO == -16);
SAME(status_17, COFFER_ERROR_NO_STORE == -17);
SAME(status_18, COFFER_ERROR_CORRUPT == -18);
SAME(status_19, COFFER_ERROR_FAILED == -19);
SAME(status_20, COFFER_ERROR_UNSUPPORTED_FORMAT == -20);
SAME(status_21, COFFER_ERROR_OUT_OF_MEMORY == -21);
SAME(status_22, COFFER_ERROR_UNKNOWN_SNAPSHOT == -22);
SAME(status_23, COFFER_ERROR_OUT_OF_REACH == -23);
SAME(status_24, COFFER_ERROR_UNKNOWN_PLUGIN == -24);
SAME(status_25, COFFER_ERROR_NAME_TAKEN == -25);
SAME(status_26, COFFER_ERROR_CALL_FAILED == -26);
SAME(status_27, COFFER_ERROR_TIMED_OUT == -27);
SAME(status_28, COFFER_ERROR_CALLS_TOO_DEEP == -28);
SAME(status_29, COFFER_ERROR_PENDING == -29);
SAME(status_30, COFFER_ERROR_MODULE_ABSENT == -30);
SAME(status_31, COFFER_ERROR_UNREADABLE == -31);
SAME(status_32, COFFER_ERROR_CANCELLED == -32);
SAME(status_33, COFFER_ERROR_FORKED == -33);
SAME(status_99, COFFER_ERROR_INTERNAL == -99);

SAME(durability_0, COFFER_DURABILITY_DEFAULT == 0);
SAME(durability_1, COFFER_DURABILITY_BEHIND == 1);
SAME(durability_2, COFFER_DURABILITY_WRITTEN == 2);
SAME(durability_3, COFFER_DURABILITY_DURABLE == 3);
SAME(any_revision, COFFER_ANY_REVISION == -1);

/* What callers hand in to be called. */
typedef void (*event_shape)(void *, const char *, uint64_t, uint64_t, const char *, int64_t, const char *);
typedef void (*method_shape)(void *, uint64_t, const char *, const char *, const char *);
typedef void (*free_shape)(void *);
typedef int32_t (*progress_shape)(void *, uint64_t, uint64_t);

/* The shapes, in the header's order. A pointer of another shape does not take the function's address. */
struct shapes {
    const char *(*version)(void);
    uint32_t (*abi_version)(void);
    const char *(*last_error)(void);
    const char *(*status_name)(int32_t);
    int32_t (*load_phase11)(uint64_t, char **);
    size_t (*live_handles)(void);
    void (*string_free)(char *);
    int32_t (*open)(const char *, const char *, uint64_t *);
    int32_t (*flush)(uint64_t);
    int32_t (*checkpoint)(uint64_t);
    int32_t (*close)(uint64_t);
    int32_t (*recovery_report)(uint64_t, char **);
    int32_t (*save_persistent_data)(uint64_t, const char *, const char *);
    int32_t (*load_persistent_data)(uint64_t, const char *, char **);
    int32_t (*load_persistent_data_into)(uint64_t, const char *, char *, size_t, size_t *);
    int32_t (*clear_database_entry)(uint64_t, const char *);
    int32_t (*list_database_keys)(uint64_t, char **);
    int32_t (*list_database_keys_with)(uint64_t, const char *, const char *, size_t, char **);
    int32_t (*load_entry)(uint64_t, const char *, char **, uint64_t *, int64_t *);
    int32_t (*save_entry)(uint64_t, const char *, const char *, int64_t, int32_t, uint64_t *);
    int32_t (*clear_entry)(uint64_t, const char *, int64_t, int32_t);
    int32_t (*save_batch)(uint64_t, const char *const *, const char *const *, const int64_t *, size_t, int32_t, uint64_t *);
    int32_t (*save_tier1[3])(uint64_t, const char *);
    int32_t (*load_tier1[3])(uint64_t, char **);
    int32_t (*load_version)(uint64_t, const char *, uint64_t, char **);
    int32_t (*roll_back_version)(uint64_t, const char *, uint64_t, uint64_t *);
    int32_t (*diff_versions)(uint64_t, const char *, uint64_t, uint64_t, char **);
    int32_t (*list_versions)(uint64_t, const char *, char **);
    int32_t (*version_counters)(uint64_t, char **);
    int32_t (*create_database_snapshot)(uint64_t, const char *, char **);
    int32_t (*restore_database_from_snapshot)(uint64_t, const char *, const char *, char **);
    int32_t (*list_snapshots)(uint64_t, char **);
    int32_t (*get_snapshot)(uint64_t, const char *, char **);
    int32_t (*delete_snapshot)(uint64_t, const char *);
    int32_t (*pin_snapshot)(uint64_t, const char *, int32_t, char **);
    int32_t (*verify_snapshot)(uint64_t, const char *, char **);
    int32_t (*diff_snapshots)(uint64_t, const char *, const char *, char **);
    int32_t (*load_from_snapshot)(uint64_t, const char *, const char *, char **);
    int32_t (*export_snapshot)(uint64_t, const char *, const char *, char **);
    int32_t (*import_snapshot)(uint64_t, const char *, const char *, char **);
    int32_t (*hub_subscribe)(uint64_t, const char *, const char *, event_shape, void *, free_shape, uint64_t *);
    int32_t (*hub_unsubscribe)(uint64_t);
    int32_t (*hub_poll)(uint64_t, size_t, uint64_t, size_t *);
    int32_t (*hub_next)(uint64_t, char **);
    int32_t (*hub_replay)(uint64_t, uint64_t);
    int32_t (*hub_publish)(uint64_t, const char *, const char *, uint64_t *);
    int32_t (*sync_tier1_data_to_hub)(uint64_t, char **);
    int32_t (*register_database_as_master_reference)(uint64_t, char **);
    int32_t (*hub_references)(uint64_t, const char *, char **);
    int32_t (*hub_register_plugin)(uint64_t, const char *, method_shape, void *, free_shape);
    int32_t (*hub_unregister_plugin)(uint64_t, const char *);
    int32_t (*hub_plugins)(uint64_t, const char *, char **);
    int32_t (*hub_call)(uint64_t, const char *, const char *, const char *, uint32_t, char **);
    int32_t (*hub_begin_call)(uint64_t, const char *, const char *, const char *, uint32_t, uint64_t *);
    int32_t (*hub_await_call)(uint64_t, uint64_t, char **);
    int32_t (*hub_next_call)(uint64_t, uint64_t *, char **);
    int32_t (*hub_answer)(uint64_t, const char *);
    int32_t (*hub_refuse)(uint64_t, const char *);
    int32_t (*hub_supply)(uint64_t, const char *, method_shape, void *, free_shape);
    int32_t (*export_database_for_sharing)(uint64_t, const char *, const char *, progress_shape, void *, char **);
    int32_t (*import_database_from_external)(uint64_t, const char *, const char *, const char *, progress_shape, void *,
                                             char **);
    int32_t (*analyze_database_health)(uint64_t, const char *, progress_shape, void *, char **);
    int32_t (*register_database_api)(uint64_t, const char *, char **);
    int32_t (*unregister_database_api)(uint64_t);
    int32_t (*gateway_register_endpoint)(uint64_t, const char *, char **);
    int32_t (*gateway_unregister_endpoint)(uint64_t, const char *);
    int32_t (*gateway_handle_request)(uint64_t, const char *, char **);
};

extern const struct shapes coffer_shapes;
const struct shapes coffer_shapes = {
    coffer_version,
    coffer_abi_version,
    coffer_last_error,
    coffer_status_name,
    coffer_load_phase11,
    coffer_live_handles,
    coffer_string_free,
    coffer_open,
    coffer_flush,
    coffer_checkpoint,
    coffer_close,
    coffer_recovery_report,
    coffer_save_persistent_data,
    coffer_load_persistent_data,
    coffer_load_persistent_data_into,
    coffer_clear_database_entry,
    coffer_list_database_keys,
    coffer_list_database_keys_with,
    coffer_load_entry,
    coffer_save_entry,
    coffer_clear_entry,
    coffer_save_batch,
    {coffer_save_character_roster_state, coffer_save_equipment_config, coffer_save_party_config},
    {coffer_load_character_roster_state, coffer_load_equipment_config, coffer_load_party_config},
    coffer_load_version,
    coffer_roll_back_version,
    coffer_diff_versions,
    coffer_list_versions,
    coffer_version_counters,
    coffer_create_database_snapshot,
    coffer_restore_database_from_snapshot,
    coffer_list_snapshots,
    coffer_get_snapshot,
    coffer_delete_snapshot,
    coffer_pin_snapshot,
    coffer_verify_snapshot,
    coffer_diff_snapshots,
    coffer_load_from_snapshot,
    coffer_export_snapshot,
    coffer_import_snapshot,
    coffer_hub_subscribe,
    coffer_hub_unsubscribe,
    coffer_hub_poll,
    coffer_hub_next,
    coffer_hub_replay,
    coffer_hub_publish,
    coffer_sync_tier1_data_to_hub,
    coffer_register_database_as_master_reference,
    coffer_hub_references,
    coffer_hub_register_plugin,
    coffer_hub_unregister_plugin,
    coffer_hub_plugins,
    coffer_hub_call,
    coffer_hub_begin_call,
    coffer_hub_await_call,
    coffer_hub_next_call,
    coffer_hub_answer,
    coffer_hub_refuse,
    coffer_hub_supply,
    coffer_export_database_for_sharing,
    coffer_import_database_from_external,
    coffer_analyze_database_health,
    coffer_register_database_api,
    coffer_unregister_database_api,
    coffer_gateway_register_endpoint,
    coffer_gateway_unregister_endpoint,
    coffer_gateway_handle_request,
};
