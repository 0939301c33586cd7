-- What LuaJIT needs to know of the C ABI. Generated from src/ffi: do not edit.
-- To write it anew: COFFER_WRITE_BINDINGS=1 cargo test --test bindings
require("ffi").cdef[[
static const int32_t COFFER_OK = 0;
static const int32_t COFFER_ERROR_NULL_ARGUMENT = -1;
static const int32_t COFFER_ERROR_INVALID_HANDLE = -2;
static const int32_t COFFER_ERROR_INVALID_UTF8 = -3;
static const int32_t COFFER_ERROR_INVALID_JSON = -4;
static const int32_t COFFER_ERROR_INVALID_KEY = -5;
static const int32_t COFFER_ERROR_INVALID_OPTION = -6;
static const int32_t COFFER_ERROR_INVALID_ARGUMENT = -7;
static const int32_t COFFER_ERROR_TOO_LARGE = -8;
static const int32_t COFFER_ERROR_TOO_DEEP = -9;
static const int32_t COFFER_ERROR_NOT_FOUND = -10;
static const int32_t COFFER_ERROR_CONFLICT = -11;
static const int32_t COFFER_ERROR_RESERVED_KEY = -12;
static const int32_t COFFER_ERROR_BUFFER_TOO_SMALL = -13;
static const int32_t COFFER_ERROR_BUSY = -14;
static const int32_t COFFER_ERROR_READ_ONLY = -15;
static const int32_t COFFER_ERROR_IO = -16;
static const int32_t COFFER_ERROR_NO_STORE = -17;
static const int32_t COFFER_ERROR_CORRUPT = -18;
static const int32_t COFFER_ERROR_FAILED = -19;
static const int32_t COFFER_ERROR_UNSUPPORTED_FORMAT = -20;
static const int32_t COFFER_ERROR_OUT_OF_MEMORY = -21;
static const int32_t COFFER_ERROR_UNKNOWN_SNAPSHOT = -22;
static const int32_t COFFER_ERROR_OUT_OF_REACH = -23;
static const int32_t COFFER_ERROR_UNKNOWN_PLUGIN = -24;
static const int32_t COFFER_ERROR_NAME_TAKEN = -25;
static const int32_t COFFER_ERROR_CALL_FAILED = -26;
static const int32_t COFFER_ERROR_TIMED_OUT = -27;
static const int32_t COFFER_ERROR_CALLS_TOO_DEEP = -28;
static const int32_t COFFER_ERROR_PENDING = -29;
static const int32_t COFFER_ERROR_MODULE_ABSENT = -30;
static const int32_t COFFER_ERROR_UNREADABLE = -31;
static const int32_t COFFER_ERROR_CANCELLED = -32;
static const int32_t COFFER_ERROR_FORKED = -33;
static const int32_t COFFER_ERROR_INTERNAL = -99;
static const int32_t COFFER_ABI_VERSION = 2;
static const int32_t COFFER_DURABILITY_DEFAULT = 0;
static const int32_t COFFER_DURABILITY_BEHIND = 1;
static const int32_t COFFER_DURABILITY_WRITTEN = 2;
static const int32_t COFFER_DURABILITY_DURABLE = 3;
static const int32_t COFFER_ANY_REVISION = -1;
static const int32_t COFFER_MAX_BATCH = 1000000;
typedef int32_t coffer_status;
typedef uint64_t coffer_db;
typedef void (*coffer_event_callback)(void *context,
                                      const char *topic,
                                      uint64_t sequence,
                                      uint64_t event_id,
                                      const char *source,
                                      int64_t time_ms,
                                      const char *json);
typedef void (*coffer_free_callback)(void *context);
typedef uint64_t coffer_subscription;
typedef uint64_t coffer_request;
typedef void (*coffer_method_callback)(void *context,
                                       coffer_request request,
                                       const char *caller,
                                       const char *method,
                                       const char *json);
typedef uint64_t coffer_call;
typedef int32_t (*coffer_progress_callback)(void *context, uint64_t done, uint64_t total);
const char *coffer_version(void);
uint32_t coffer_abi_version(void);
const char *coffer_last_error(void);
const char *coffer_status_name(int32_t status);
coffer_status coffer_load_phase11(coffer_db db, char **out_json);
size_t coffer_live_handles(void);
void coffer_string_free(char *text);
coffer_status coffer_open(const char *path, const char *options_json, coffer_db *out_db);
coffer_status coffer_flush(coffer_db db);
coffer_status coffer_checkpoint(coffer_db db);
coffer_status coffer_close(coffer_db db);
coffer_status coffer_recovery_report(coffer_db db, char **out_json);
coffer_status coffer_save_persistent_data(coffer_db db, const char *key, const char *json);
coffer_status coffer_load_persistent_data(coffer_db db, const char *key, char **out_json);
coffer_status coffer_load_persistent_data_into(coffer_db db,
                                               const char *key,
                                               char *buffer,
                                               size_t capacity,
                                               size_t *out_length);
coffer_status coffer_clear_database_entry(coffer_db db, const char *key);
coffer_status coffer_list_database_keys(coffer_db db, char **out_json);
coffer_status coffer_list_database_keys_with(coffer_db db,
                                             const char *prefix,
                                             const char *after,
                                             size_t limit,
                                             char **out_json);
coffer_status coffer_load_entry(coffer_db db,
                                const char *key,
                                char **out_json,
                                uint64_t *out_revision,
                                int64_t *out_saved_at_ms);
coffer_status coffer_save_entry(coffer_db db,
                                const char *key,
                                const char *json,
                                int64_t expected_revision,
                                int32_t durability,
                                uint64_t *out_revision);
coffer_status coffer_clear_entry(coffer_db db,
                                 const char *key,
                                 int64_t expected_revision,
                                 int32_t durability);
coffer_status coffer_save_batch(coffer_db db,
                                const char *const *keys,
                                const char *const *documents,
                                const int64_t *expected_revisions,
                                size_t count,
                                int32_t durability,
                                uint64_t *out_sequence);
coffer_status coffer_save_character_roster_state(coffer_db db, const char *json);
coffer_status coffer_load_character_roster_state(coffer_db db, char **out_json);
coffer_status coffer_save_equipment_config(coffer_db db, const char *json);
coffer_status coffer_load_equipment_config(coffer_db db, char **out_json);
coffer_status coffer_save_party_config(coffer_db db, const char *json);
coffer_status coffer_load_party_config(coffer_db db, char **out_json);
coffer_status coffer_load_version(coffer_db db,
                                  const char *document,
                                  uint64_t version,
                                  char **out_json);
coffer_status coffer_roll_back_version(coffer_db db,
                                       const char *document,
                                       uint64_t version,
                                       uint64_t *out_version);
coffer_status coffer_diff_versions(coffer_db db,
                                   const char *document,
                                   uint64_t from,
                                   uint64_t to,
                                   char **out_json);
coffer_status coffer_list_versions(coffer_db db, const char *document, char **out_json);
coffer_status coffer_version_counters(coffer_db db, char **out_json);
coffer_status coffer_create_database_snapshot(coffer_db db, const char *label, char **out_json);
coffer_status coffer_restore_database_from_snapshot(coffer_db db,
                                                    const char *id,
                                                    const char *options_json,
                                                    char **out_json);
coffer_status coffer_list_snapshots(coffer_db db, char **out_json);
coffer_status coffer_get_snapshot(coffer_db db, const char *id, char **out_json);
coffer_status coffer_delete_snapshot(coffer_db db, const char *id);
coffer_status coffer_pin_snapshot(coffer_db db, const char *id, int32_t pinned, char **out_json);
coffer_status coffer_verify_snapshot(coffer_db db, const char *id, char **out_json);
coffer_status coffer_diff_snapshots(coffer_db db,
                                    const char *from,
                                    const char *to,
                                    char **out_json);
coffer_status coffer_load_from_snapshot(coffer_db db,
                                        const char *id,
                                        const char *key,
                                        char **out_json);
coffer_status coffer_export_snapshot(coffer_db db,
                                     const char *id,
                                     const char *path,
                                     char **out_json);
coffer_status coffer_import_snapshot(coffer_db db,
                                     const char *path,
                                     const char *label,
                                     char **out_json);
coffer_status coffer_hub_subscribe(coffer_db db,
                                   const char *topic,
                                   const char *options_json,
                                   coffer_event_callback callback,
                                   void *context,
                                   coffer_free_callback free_context,
                                   coffer_subscription *out_subscription);
coffer_status coffer_hub_unsubscribe(coffer_subscription subscription);
coffer_status coffer_hub_poll(coffer_db db,
                              size_t max_events,
                              uint64_t budget_us,
                              size_t *out_delivered);
coffer_status coffer_hub_next(coffer_subscription subscription, char **out_json);
coffer_status coffer_hub_replay(coffer_subscription subscription, uint64_t since);
coffer_status coffer_hub_publish(coffer_db db,
                                 const char *topic,
                                 const char *json,
                                 uint64_t *out_event_id);
coffer_status coffer_sync_tier1_data_to_hub(coffer_db db, char **out_json);
coffer_status coffer_register_database_as_master_reference(coffer_db db, char **out_json);
coffer_status coffer_hub_references(coffer_db db, const char *name, char **out_json);
coffer_status coffer_hub_register_plugin(coffer_db db,
                                         const char *plugin_json,
                                         coffer_method_callback callback,
                                         void *context,
                                         coffer_free_callback free_context);
coffer_status coffer_hub_unregister_plugin(coffer_db db, const char *name);
coffer_status coffer_hub_plugins(coffer_db db, const char *name, char **out_json);
coffer_status coffer_hub_call(coffer_db db,
                              const char *plugin,
                              const char *method,
                              const char *json,
                              uint32_t time_limit_ms,
                              char **out_json);
coffer_status coffer_hub_begin_call(coffer_db db,
                                    const char *plugin,
                                    const char *method,
                                    const char *json,
                                    uint32_t time_limit_ms,
                                    coffer_call *out_call);
coffer_status coffer_hub_await_call(coffer_call call, uint64_t wait_us, char **out_json);
coffer_status coffer_hub_next_call(coffer_db db, coffer_request *out_request, char **out_json);
coffer_status coffer_hub_answer(coffer_request request, const char *json);
coffer_status coffer_hub_refuse(coffer_request request, const char *reason);
coffer_status coffer_hub_supply(coffer_db db,
                                const char *options_json,
                                coffer_method_callback callback,
                                void *context,
                                coffer_free_callback free_context);
coffer_status coffer_export_database_for_sharing(coffer_db db,
                                                 const char *format,
                                                 const char *path,
                                                 coffer_progress_callback progress,
                                                 void *context,
                                                 char **out_json);
coffer_status coffer_import_database_from_external(coffer_db db,
                                                   const char *path,
                                                   const char *format,
                                                   const char *options_json,
                                                   coffer_progress_callback progress,
                                                   void *context,
                                                   char **out_json);
coffer_status coffer_analyze_database_health(coffer_db db,
                                             const char *options_json,
                                             coffer_progress_callback progress,
                                             void *context,
                                             char **out_json);
coffer_status coffer_register_database_api(coffer_db db, const char *options_json, char **out_json);
coffer_status coffer_unregister_database_api(coffer_db db);
coffer_status coffer_gateway_register_endpoint(coffer_db db,
                                               const char *endpoint_json,
                                               char **out_json);
coffer_status coffer_gateway_unregister_endpoint(coffer_db db, const char *id);
coffer_status coffer_gateway_handle_request(coffer_db db,
                                            const char *request_json,
                                            char **out_json);
]]
