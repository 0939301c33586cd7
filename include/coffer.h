/*
 * Coffer: the database persistence layer for native game engines and their plug-ins.
 *
 * Generated from src/ffi: do not edit. To write it anew: COFFER_WRITE_BINDINGS=1 cargo test --test bindings
 *
 * Conventions
 *  - Every function that can fail returns a coffer_status: COFFER_OK (0), or a negative number, and then
 *    coffer_last_error() says why in one line.
 *  - The handle comes first, results come last, as out-parameters that are written on success only
 *    (coffer_load_persistent_data_into says its one exception). NULL is allowed for a result that is not wanted.
 *  - Text is NUL-terminated UTF-8. A text that comes out of a `char **` is yours: give it back with
 *    coffer_string_free(). A text that is returned as `const char *` stays the library's.
 *  - Every function may be called from every thread. A handle that is 0, closed or made up is reported as
 *    COFFER_ERROR_INVALID_HANDLE, never followed. In a child that was forked while a store was open, every
 *    function that returns a status returns COFFER_ERROR_FORKED.
 *  - No panic and no exception leaves the library.
 */

#ifndef COFFER_H
#define COFFER_H

#include <stddef.h>
#include <stdint.h>

#define COFFER_VERSION_MAJOR 0
#define COFFER_VERSION_MINOR 5
#define COFFER_VERSION_PATCH 0
#define COFFER_VERSION "0.5.0"

#ifndef COFFER_API
#  if defined(_WIN32) && !defined(COFFER_STATIC)
#    define COFFER_API __declspec(dllimport)
#  else
#    define COFFER_API
#  endif
#endif

/**
 * It worked.
 */
#define COFFER_OK 0

/**
 * A pointer that may not be NULL was NULL.
 */
#define COFFER_ERROR_NULL_ARGUMENT -1

/**
 * The handle was never given out, or is closed.
 */
#define COFFER_ERROR_INVALID_HANDLE -2

/**
 * A text is not UTF-8.
 */
#define COFFER_ERROR_INVALID_UTF8 -3

/**
 * A document is not JSON as RFC 8259 defines it.
 */
#define COFFER_ERROR_INVALID_JSON -4

/**
 * A key is empty or has more than 1,024 bytes.
 */
#define COFFER_ERROR_INVALID_KEY -5

/**
 * An open option is unknown, out of range, or differs from the store that is already open; the message names it.
 */
#define COFFER_ERROR_INVALID_OPTION -6

/**
 * Another argument is out of range.
 */
#define COFFER_ERROR_INVALID_ARGUMENT -7

/**
 * A document has more bytes than the option `max_document_bytes` allows.
 */
#define COFFER_ERROR_TOO_LARGE -8

/**
 * A document nests deeper than the option `max_depth` allows.
 */
#define COFFER_ERROR_TOO_DEEP -9

/**
 * There is nothing under this key or version.
 */
#define COFFER_ERROR_NOT_FOUND -10

/**
 * The document is at another revision than the caller expected.
 */
#define COFFER_ERROR_CONFLICT -11

/**
 * The key belongs to the layer: a past version, a counter, or a record under `save_metadata/`.
 */
#define COFFER_ERROR_RESERVED_KEY -12

/**
 * The caller's buffer is too small; the length that is needed was written.
 */
#define COFFER_ERROR_BUFFER_TOO_SMALL -13

/**
 * Another process has the store open for writing; the message names its process id.
 */
#define COFFER_ERROR_BUSY -14

/**
 * The handle was opened read-only.
 */
#define COFFER_ERROR_READ_ONLY -15

/**
 * The operating system refused a file operation; the message names file and reason.
 */
#define COFFER_ERROR_IO -16

/**
 * There is no store at the path, and the options say not to create one.
 */
#define COFFER_ERROR_NO_STORE -17

/**
 * A file is damaged; the message names it and the offset.
 */
#define COFFER_ERROR_CORRUPT -18

/**
 * An earlier write or sync failed: changes are refused until the store is closed and opened again. Loading works.
 */
#define COFFER_ERROR_FAILED -19

/**
 * A file was written by a newer Coffer.
 */
#define COFFER_ERROR_UNSUPPORTED_FORMAT -20

/**
 * Memory ran out; nothing changed.
 */
#define COFFER_ERROR_OUT_OF_MEMORY -21

/**
 * No snapshot has this id or label; the message names the nearest ones.
 */
#define COFFER_ERROR_UNKNOWN_SNAPSHOT -22

/**
 * The journal does not reach back to this moment; the message says how far it does.
 */
#define COFFER_ERROR_OUT_OF_REACH -23

/**
 * No plug-in has this name, or it has no such method; the message names the nearest ones.
 */
#define COFFER_ERROR_UNKNOWN_PLUGIN -24

/**
 * Another plug-in or host has this name or place already; the message says who.
 */
#define COFFER_ERROR_NAME_TAKEN -25

/**
 * The plug-in or host that was called failed; the message is its own.
 */
#define COFFER_ERROR_CALL_FAILED -26

/**
 * No answer came within the time limit.
 */
#define COFFER_ERROR_TIMED_OUT -27

/**
 * Plug-ins call each other more than 32 deep on one thread.
 */
#define COFFER_ERROR_CALLS_TOO_DEEP -28

/**
 * The answer of a call is not there yet; the call goes on.
 */
#define COFFER_ERROR_PENDING -29

/**
 * The module that this operation needs is not in this build of the library; the message names it.
 */
#define COFFER_ERROR_MODULE_ABSENT -30

/**
 * A file to import is not what it should be; the message names line and column.
 */
#define COFFER_ERROR_UNREADABLE -31

/**
 * The progress callback said to stop; nothing changed.
 */
#define COFFER_ERROR_CANCELLED -32

/**
 * This process was forked while a store was open in its parent, to which the store belongs.
 */
#define COFFER_ERROR_FORKED -33

/**
 * A mistake in Coffer itself was caught at the boundary. Please report it with the message.
 */
#define COFFER_ERROR_INTERNAL -99

/**
 * The shape of this interface. It goes up with every change that breaks a caller, and only then.
 */
#define COFFER_ABI_VERSION 2

/**
 * As a durability: the handle's own, which the option `durability` sets.
 */
#define COFFER_DURABILITY_DEFAULT 0

/**
 * The save returns once readers see it; it is on the disk within the flush interval.
 */
#define COFFER_DURABILITY_BEHIND 1

/**
 * The save returns once the operating system has it: it outlives this process, and a power cut after the sync interval.
 */
#define COFFER_DURABILITY_WRITTEN 2

/**
 * The save returns once the disk has it: it outlives a power cut.
 */
#define COFFER_DURABILITY_DURABLE 3

/**
 * As an expected revision: do not check.
 */
#define COFFER_ANY_REVISION -1

/**
 * The most documents in one batch.
 */
#define COFFER_MAX_BATCH 1000000

/**
 * What a call came to: 0 is success, failures are negative. After a failure `coffer_last_error` says more.
 */
typedef int32_t coffer_status;

/**
 * A handle on an open store. 0 is never one. Any thread may use it, several at a time.
 */
typedef uint64_t coffer_db;

/**
 * Called with each event of a subscription: the context, the topic, the commit that the event tells of (or the newest one
 * when it was published), the event's number (0 if it was brought back from the journal), the option `plugin` of the handle that published it (empty if it was brought back from the
 * journal), the time in milliseconds since 1970-01-01 UTC, and the payload as JSON. The texts live until it returns. It
 * may call every function of this library, also to end its own subscription. It must not throw an exception or jump out.
 */
typedef void (*coffer_event_callback)(void *context,
                                      const char *topic,
                                      uint64_t sequence,
                                      uint64_t event_id,
                                      const char *source,
                                      int64_t time_ms,
                                      const char *json);

/**
 * Called once with the context when its subscription has ended and its callback will not be called again.
 */
typedef void (*coffer_free_callback)(void *context);

/**
 * A subscription. 0 is never one. It ends with `coffer_hub_unsubscribe`, or with the handle that it was made through.
 */
typedef uint64_t coffer_subscription;

/**
 * A call as the one who is called knows it. 0 is never one. It ends when it was answered or refused.
 */
typedef uint64_t coffer_request;

/**
 * Called with each call of a plug-in's methods: the context, the request to answer, the option `plugin` of the handle that
 * calls, the method, and the argument as JSON. The texts live until it returns. Answer with `coffer_hub_answer` or
 * `coffer_hub_refuse`, now or later, from any thread. It may call every function of this library, also methods of other
 * plug-ins and what ends its own. It must not throw an exception or jump out.
 */
typedef void (*coffer_method_callback)(void *context,
                                       coffer_request request,
                                       const char *caller,
                                       const char *method,
                                       const char *json);

/**
 * A call as its caller knows it. 0 is never one. It ends when its outcome was told, or with the handle that it was made
 * through.
 */
typedef uint64_t coffer_call;

/**
 * Called now and then during work that lasts: the context, and how much of it is done, in bytes. Return 0 to go on, anything
 * else to stop: the work then ends with `COFFER_ERROR_CANCELLED` and leaves nothing behind. Called on the thread that
 * works, which keeps checkpoints waiting: it may load and save; what would wait for the work itself (closing, checkpoints,
 * snapshots, another export, import or full check of the same store) is refused as an argument during an export or a check.
 * It must not throw an exception or jump out.
 */
typedef int32_t (*coffer_progress_callback)(void *context, uint64_t done, uint64_t total);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The library's version as text, `"0.1.0"`.
 *
 * The text is static: do not free it. Any thread.
 */
COFFER_API const char *coffer_version(void);

/**
 * The `COFFER_ABI_VERSION` that the library was built with; compare it with the header's before the first call.
 *
 * Any thread.
 */
COFFER_API
uint32_t coffer_abi_version(void);

/**
 * Why the last call on this thread failed, in one line that names the key, path or byte offset; empty after a success.
 *
 * Never NULL. The text belongs to the library and changes with this thread's next call that returns a status: copy it
 * if it has to last. At most 1,023 bytes.
 */
COFFER_API
const char *coffer_last_error(void);

/**
 * The name of a status, `"COFFER_ERROR_BUSY"`; `"unknown status"` for any other number.
 *
 * The text is static: do not free it. Any thread.
 */
COFFER_API const char *coffer_status_name(int32_t status);

/**
 * Says which modules of the documented layer are there: documented as load_phase11.
 *
 * `out_json` receives `{"integration_hub": {"present": true, "version": "0.2.0", "origin": "built_in"}, "backup_restore":
 * {...}, "analytics": {...}, "import_export": {...}, "api_gateway": {"present": false, "version": null, "origin":
 * "left_out"}}`. `"origin"` is `"built_in"`, `"left_out"` of this build, or `"host"` if the host supplied it
 * (`coffer_hub_supply`). What is not there is no error here; an operation that needs it fails with
 * `COFFER_ERROR_MODULE_ABSENT` and changes nothing. It is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_load_phase11(coffer_db db,
                                  char **out_json);

/**
 * How many handles are open in this process: 0 after everything was closed, for tests that look for leaks.
 *
 * Any thread.
 */
COFFER_API
size_t coffer_live_handles(void);

/**
 * Gives back a text that this library handed out through a `char **`.
 *
 * `text` may be NULL. Each text is given back once, from any thread, and with this function only.
 */
COFFER_API void coffer_string_free(char *text);

/**
 * Opens the store in the folder `path` and writes a handle to `*out_db`.
 *
 * The folder is created if it is not there. A store that this process has open already is shared: the new handle sees
 * what the others save, at once. Another process keeps it from being opened, except read-only.
 *
 * A child that is forked while a handle is open shares the parent's files but not its threads: there every call returns
 * `COFFER_ERROR_FORKED` and touches nothing. Fork before the first open, or start a new program in the child (`exec`,
 * `posix_spawn`, `system`), for which none of this matters.
 *
 * - `path`: UTF-8.
 * - `options_json`: a JSON object, or NULL for the defaults. Every member may be left out; an unknown one is an error.
 *   For this handle: `"durability"` (`"behind"`, `"written"`, `"durable"`; written), `"plugin"` (who opens; ""),
 *   `"read_only"` (false). For the store, the same in every open of it: `"create"` (true), `"recovery"` (`"strict"`
 *   reports damage, `"salvage"` keeps what is whole; strict), `"flush_interval_ms"` (1 to 60,000; 250),
 *   `"sync_interval_ms"` (1 to 60,000; 1,000), `"checkpoint_bytes"` (journal bytes that make a checkpoint due, 0 to
 *   choose by size; 0), `"segment_bytes"` (to what size journal segments grow, 65,536 to 67,108,864; 4,194,304),
 *   `"max_document_bytes"` (1 to 1,073,741,824; 67,108,864), `"max_depth"` (1 to 1,024; 128), `"versions_kept"` (how
 *   many versions of each Tier 1 document stay, 1 to 2 to the power of 40; 100), `"snapshot_every_minutes"` (how often
 *   the store makes an automatic snapshot if something was saved, up to 527,040; 0, never), `"snapshots_kept"` (how many
 *   automatic snapshots stay besides pinned ones, 1 to 10,000; 10).
 * - `out_db`: not NULL. Close the handle with `coffer_close`.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
 * `COFFER_ERROR_BUSY` (the message names the other process), `COFFER_ERROR_NO_STORE`, `COFFER_ERROR_IO`,
 * `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_UNSUPPORTED_FORMAT`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_open(const char *path,
                          const char *options_json,
                          coffer_db *out_db);

/**
 * Returns once everything that was saved before, through any handle on this store, is on the disk.
 *
 * Waits for the disk: not for the thread that draws frames. Any other thread.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`.
 */
COFFER_API coffer_status coffer_flush(coffer_db db);

/**
 * Has the store's own thread write a new image and retire the journal before it, and waits until that is done.
 *
 * Stores do this by themselves as the journal grows; asking for it suits a loading screen. Saves go on meanwhile.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`.
 */
COFFER_API
coffer_status coffer_checkpoint(coffer_db db);

/**
 * Closes a handle, whatever the status. The last handle on a store makes everything certain, leaves one image file, and
 * lets other processes open it.
 *
 * Calls on the same handle from other threads come back with `COFFER_ERROR_INVALID_HANDLE`. A process that ends
 * without closing loses nothing that was `written` or `durable`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`; of the last handle `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`;
 * `COFFER_ERROR_INVALID_ARGUMENT` from a callback that is told the progress of an export, or that answers a request of the
 * API that was registered through this handle: the handle then stays.
 */
COFFER_API
coffer_status coffer_close(coffer_db db);

/**
 * Tells what opening found on the disk.
 *
 * `out_json` receives `{"recovered_records": 12, "torn_bytes": 0, "salvaged": false, "lost": []}`: commits replayed from
 * the journal, bytes of an unfinished tail that were dropped (nothing that was acknowledged as durable), whether damage
 * was salvaged, and for each stretch that could not be kept `{"file", "offset", "bytes", "reason"}`. The text is yours:
 * give it back with `coffer_string_free`. Any thread.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_recovery_report(coffer_db db,
                                     char **out_json);

/**
 * Saves a document: documented as savePersistentData.
 *
 * - `key`: 1 to 1,024 bytes of UTF-8. `character_roster`, `equipment_sets` and `party_configs` name the Tier 1 documents:
 *   saving there adds a version.
 * - `json`: any JSON value (RFC 8259), kept byte for byte; its size and depth are limited by the options.
 *
 * It lasts as the handle's durability says. Any thread.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_KEY`, `COFFER_ERROR_RESERVED_KEY`, `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`,
 * `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`,
 * `COFFER_ERROR_FAILED`. After any but the last two the store is as it was; after those two, reopening tells.
 */
COFFER_API
coffer_status coffer_save_persistent_data(coffer_db db,
                                          const char *key,
                                          const char *json);

/**
 * Loads a document exactly as it was saved: documented as loadPersistentData.
 *
 * - `key`: as for saving. `character_roster` is the newest roster, `character_roster_v` the number of its versions,
 *   `character_roster_v3` its version 3.
 * - `out_json`: receives a text of your own, to give back with `coffer_string_free`; NULL only asks whether it is there.
 *
 * Never waits for a disk. Any thread.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_KEY`, `COFFER_ERROR_NOT_FOUND`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_load_persistent_data(coffer_db db,
                                          const char *key,
                                          char **out_json);

/**
 * Loads a document into the caller's buffer, for code that allocates nothing in a frame.
 *
 * - `buffer`, `capacity`: room for the text and its NUL. NULL with capacity 0 asks for the length only.
 * - `out_length`: receives the text's length in bytes without the NUL, also with `COFFER_ERROR_BUFFER_TOO_SMALL`, when
 *   length + 1 bytes are needed. NULL is allowed. If the buffer is too small nothing is written to it.
 *
 * Any thread.
 *
 * Statuses: those of `coffer_load_persistent_data` and `COFFER_ERROR_BUFFER_TOO_SMALL`.
 */
COFFER_API
coffer_status coffer_load_persistent_data_into(coffer_db db,
                                               const char *key,
                                               char *buffer,
                                               size_t capacity,
                                               size_t *out_length);

/**
 * Clears a document: documented as clearDatabaseEntry. Succeeds also when there was nothing.
 *
 * - `key`: as for saving. Clearing a Tier 1 document leaves its versions and its counter.
 *
 * Statuses: those of `coffer_save_persistent_data` that concern no text. Any thread.
 */
COFFER_API coffer_status coffer_clear_database_entry(coffer_db db, const char *key);

/**
 * Lists every key, in byte order: documented as listDatabaseKeys.
 *
 * `out_json` receives a JSON array of strings: the five collections, the three counters, the Tier 1 versions, and every
 * plug-in document. It is yours: give it back with `coffer_string_free`. Any thread.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_list_database_keys(coffer_db db,
                                        char **out_json);

/**
 * Lists some keys, in byte order.
 *
 * - `prefix`: only keys that begin so; NULL for all.
 * - `after`: only keys behind this one, which need not exist; NULL from the first. To page, pass the last key of the page
 *   before.
 * - `limit`: at most so many; 0 for all.
 * - `out_json`: as for `coffer_list_database_keys`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_list_database_keys_with(coffer_db db,
                                             const char *prefix,
                                             const char *after,
                                             size_t limit,
                                             char **out_json);

/**
 * Loads a document with its revision and the time of its save.
 *
 * - `out_json`: as for `coffer_load_persistent_data`.
 * - `out_revision`: receives 1, 2, 3 …; of a Tier 1 document, its version.
 * - `out_saved_at_ms`: receives milliseconds since 1970-01-01 UTC.
 *
 * Each of the three may be NULL. Statuses: those of `coffer_load_persistent_data`. Any thread.
 */
COFFER_API
coffer_status coffer_load_entry(coffer_db db,
                                const char *key,
                                char **out_json,
                                uint64_t *out_revision,
                                int64_t *out_saved_at_ms);

/**
 * Saves a document with everything that can be chosen.
 *
 * - `key`, `json`: as for `coffer_save_persistent_data`.
 * - `expected_revision`: the revision that the save replaces, 0 if the document must not exist, or
 *   `COFFER_ANY_REVISION`. If another save came between, the status is `COFFER_ERROR_CONFLICT` and nothing changed.
 * - `durability`: one of `COFFER_DURABILITY_…`.
 * - `out_revision`: receives the new revision; NULL is allowed.
 *
 * Statuses: those of `coffer_save_persistent_data`, `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_INVALID_ARGUMENT`. Any thread.
 */
COFFER_API
coffer_status coffer_save_entry(coffer_db db,
                                const char *key,
                                const char *json,
                                int64_t expected_revision,
                                int32_t durability,
                                uint64_t *out_revision);

/**
 * Clears a document with everything that can be chosen; the parameters are those of `coffer_save_entry`.
 *
 * Statuses: those of `coffer_clear_database_entry`, `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_INVALID_ARGUMENT`. Any thread.
 */
COFFER_API
coffer_status coffer_clear_entry(coffer_db db,
                                 const char *key,
                                 int64_t expected_revision,
                                 int32_t durability);

/**
 * Saves and clears several documents as one commit: all of it is there afterwards, and after any crash, or none of it.
 *
 * - `keys`: `count` keys, each once.
 * - `documents`: `count` JSON texts; a NULL clears the key.
 * - `expected_revisions`: `count` revisions as for `coffer_save_entry`, or NULL to check none. One conflict and nothing
 *   changes.
 * - `count`: up to `COFFER_MAX_BATCH`; 0 changes nothing. The documents have at most 2 GiB together.
 * - `durability`: one of `COFFER_DURABILITY_…`.
 * - `out_sequence`: receives the commit's sequence number in the store; NULL is allowed.
 *
 * Statuses: those of `coffer_save_entry`. Any thread.
 */
COFFER_API
coffer_status coffer_save_batch(coffer_db db,
                                const char *const *keys,
                                const char *const *documents,
                                const int64_t *expected_revisions,
                                size_t count,
                                int32_t durability,
                                uint64_t *out_sequence);

/**
 * Saves the next version of the character roster: documented as saveCharacterRosterState.
 *
 * `json` is any JSON value. Its version is one more than the counter `character_roster_v`. The newest versions stay, as
 * many as the option `versions_kept` says.
 * Statuses: those of `coffer_save_persistent_data`. Any thread.
 */
COFFER_API
coffer_status coffer_save_character_roster_state(coffer_db db,
                                                 const char *json);

/**
 * Loads the newest character roster: documented as loadCharacterRosterState.
 *
 * `out_json` receives a text of your own, to give back with `coffer_string_free`; NULL only asks whether there is one.
 * Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_NOT_FOUND` before the first save. Any thread.
 */
COFFER_API
coffer_status coffer_load_character_roster_state(coffer_db db,
                                                 char **out_json);

/**
 * Saves the next version of the equipment: documented as saveEquipmentConfig. See
 * `coffer_save_character_roster_state`; the counter is `equipment_sets_v`.
 */
COFFER_API coffer_status coffer_save_equipment_config(coffer_db db, const char *json);

/**
 * Loads the newest equipment: documented as loadEquipmentConfig. See `coffer_load_character_roster_state`.
 */
COFFER_API
coffer_status coffer_load_equipment_config(coffer_db db,
                                           char **out_json);

/**
 * Saves the next version of the party: documented as savePartyConfig. See `coffer_save_character_roster_state`; the
 * counter is `party_configs_v`.
 */
COFFER_API
coffer_status coffer_save_party_config(coffer_db db,
                                       const char *json);

/**
 * Loads the newest party: documented as loadPartyConfig. See `coffer_load_character_roster_state`.
 */
COFFER_API coffer_status coffer_load_party_config(coffer_db db, char **out_json);

/**
 * Loads one version of a Tier 1 document.
 *
 * - `document`: `"character_roster"`, `"equipment_sets"` or `"party_configs"`.
 * - `version`: 1 or more.
 * - `out_json`: as for `coffer_load_persistent_data`.
 *
 * Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_INVALID_ARGUMENT` for another document. Any thread.
 */
COFFER_API
coffer_status coffer_load_version(coffer_db db,
                                  const char *document,
                                  uint64_t version,
                                  char **out_json);

/**
 * Makes an earlier version of a Tier 1 document the newest one, by saving it again as a new version: nothing is lost, and
 * rolling back can itself be rolled back.
 *
 * - `document`: as for `coffer_load_version`.
 * - `version`: the version to go back to.
 * - `out_version`: receives the number of the new version; NULL is allowed.
 *
 * It lasts as the handle's durability says. Statuses: those of `coffer_load_version` and of
 * `coffer_save_persistent_data`. Any thread.
 */
COFFER_API
coffer_status coffer_roll_back_version(coffer_db db,
                                       const char *document,
                                       uint64_t version,
                                       uint64_t *out_version);

/**
 * Tells how two versions of a Tier 1 document differ.
 *
 * - `document`: as for `coffer_load_version`.
 * - `from`, `to`: versions; 0 stands for the newest.
 * - `out_json`: receives a JSON Patch (RFC 6902) that turns `from` into `to`, `[]` if both mean the same. It is yours:
 *   give it back with `coffer_string_free`.
 *
 * Statuses: those of `coffer_load_version`. Any thread.
 */
COFFER_API
coffer_status coffer_diff_versions(coffer_db db,
                                   const char *document,
                                   uint64_t from,
                                   uint64_t to,
                                   char **out_json);

/**
 * Lists the versions of a Tier 1 document, oldest first.
 *
 * - `document`: as for `coffer_load_version`.
 * - `out_json`: receives `[{"version": 1, "saved_at_ms": 1700000000000, "bytes": 12}, …]`, `[]` before the first save. It
 *   is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_list_versions(coffer_db db,
                                   const char *document,
                                   char **out_json);

/**
 * Tells the three version counters.
 *
 * `out_json` receives `{"character_roster_v": 3, "equipment_sets_v": 1, "party_configs_v": 0}`. It is yours: give it back
 * with `coffer_string_free`. Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_version_counters(coffer_db db,
                                      char **out_json);

/**
 * Makes a snapshot of all documents as they are now: documented as createDatabaseSnapshot.
 *
 * It costs one durable commit, whatever the size of the store, and keeps only what is changed afterwards. It stays until
 * it is deleted, through reopening, checkpoints and crashes.
 *
 * - `label`: up to 256 bytes of UTF-8, not necessarily unique, and nothing that would be taken for an id or a moment; NULL
 *   or empty for `database_snapshot`.
 * - `out_json`: receives `{"id": "snapshot-42", "label": "before the boss", "kind": "manual", "pinned": false,
 *   "sequence": 42, "created_at_ms": 1700000000000, "documents": 3, "bytes": 512, "collections": {"plugin_data":
 *   {"bytes": 480, "documents": 2}, …}, "versions": {"character_roster_v": 1, …}}`. `"kind"` is `"manual"`,
 *   `"automatic"` (then `"reason"` is `"restore"` or `"schedule"`) or `"imported"` (then the id is `import-<number>`,
 *   `"file"` names its file in the store's folder, and `"sequence"` counts in the store that it came from).
 *   `"documents"` and `"bytes"` leave the layer's own records out. NULL is allowed; it is yours: give it back with
 *   `coffer_string_free`.
 *
 * Its record can be read as `save_metadata/snapshots/<id>` and is listed among the keys. It waits for the disk: not for
 * the thread that draws frames. Any thread.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_ARGUMENT`,
 * `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_create_database_snapshot(coffer_db db,
                                              const char *label,
                                              char **out_json);

/**
 * Brings back the documents of a snapshot or a moment: documented as restoreDatabaseFromSnapshot.
 *
 * The documents that differ are saved or cleared in one durable commit: a crash leaves the state before or the restored
 * one. Revisions and version counters go on; the newest version of a Tier 1 document comes back as a new version, and the
 * versions between stay. Saves of other threads go on; each is before or after the restore. The state before is kept
 * as an automatic snapshot, so that restoring it undoes the restore.
 *
 * - `id`: a snapshot's id; or `"latest"`, the newest snapshot; or a label, for the newest snapshot that has it; or
 *   `"sequence:<number>"`, the state after that commit, or `"time:<milliseconds since 1970 UTC>"`, the state after the last
 *   commit by then, as far back as the journal reaches (`coffer_list_snapshots` says how far).
 * - `options_json`: NULL, or `{"collections": ["plugin_data"], "keys": ["slot-1"], "dry_run": true}`; each may be left
 *   out. With collections or keys, only those documents are restored. A dry run changes nothing and says what would be.
 * - `out_json`: receives `{"id": "snapshot-42", "sequence": 42, "dry_run": false, "commit": 57, "saved": 2, "cleared": 1,
 *   "bytes": 300, "undo": "snapshot-56"}`; `"commit"` and `"undo"` are null if nothing differed, and in a dry run. A dry run adds
 *   `"changes": [{"key": "slot-1", "action": "save", "bytes": 150}, …]`, with `"clear"` for what would go. NULL is
 *   allowed; it is yours: give it back with `coffer_string_free`.
 *
 * What is restored at once is limited to 2 GiB. Any thread but the one that draws frames.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_UNKNOWN_SNAPSHOT` (the message names the nearest ids and labels), `COFFER_ERROR_OUT_OF_REACH`,
 * `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_CORRUPT`,
 * `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_restore_database_from_snapshot(coffer_db db,
                                                    const char *id,
                                                    const char *options_json,
                                                    char **out_json);

/**
 * Lists the snapshots, oldest first, and tells how far back the journal reaches.
 *
 * `out_json` receives `{"snapshots": [{"id": "snapshot-42", …}, …], "journal": {"from_sequence": 40, "from_time_ms":
 * 1700000000000, "to_sequence": 57}, "history_bytes": 4096}`: each snapshot as `coffer_create_database_snapshot` tells
 * it, the moments that can be restored without a snapshot, and what past versions take on the disk, as of the last
 * checkpoint. The journal reaches back to the last checkpoint, and so to the opening of a store that was closed. It is
 * yours: give it back with `coffer_string_free`. Any thread.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_OUT_OF_MEMORY`.
 */
COFFER_API
coffer_status coffer_list_snapshots(coffer_db db,
                                    char **out_json);

/**
 * Tells what is known of one snapshot.
 *
 * - `id`: as for `coffer_restore_database_from_snapshot`, but no moment.
 * - `out_json`: as for `coffer_create_database_snapshot`.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_UNKNOWN_SNAPSHOT`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_get_snapshot(coffer_db db,
                                  const char *id,
                                  char **out_json);

/**
 * Deletes a snapshot, durably. What only it kept is given back at the next checkpoint.
 *
 * - `id`: as for `coffer_get_snapshot`.
 *
 * Statuses: those of `coffer_get_snapshot`; `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_FAILED`. Any
 * thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_delete_snapshot(coffer_db db,
                                     const char *id);

/**
 * Pins an automatic snapshot, so that the store never removes it by itself, or lets it go again. Others stay in any case.
 *
 * - `id`: as for `coffer_get_snapshot`.
 * - `pinned`: 0 lets it go, anything else pins it.
 * - `out_json`: receives the snapshot as it is then, as for `coffer_create_database_snapshot`.
 *
 * Statuses: those of `coffer_delete_snapshot`. Any thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_pin_snapshot(coffer_db db,
                                  const char *id,
                                  int32_t pinned,
                                  char **out_json);

/**
 * Reads again every byte on the disk that a snapshot needs, checks it, and counts the documents.
 *
 * - `id`: as for `coffer_get_snapshot`.
 * - `out_json`: receives `{"id": "snapshot-42", "documents": 3, "bytes": 512, "files": 2, "file_bytes": 8192,
 *   "journal_commits": 15}`: what was found and what was read. NULL is allowed; it is yours: give it back with
 *   `coffer_string_free`.
 *
 * Saves go on meanwhile, checkpoints wait. Statuses: those of `coffer_get_snapshot`; `COFFER_ERROR_CORRUPT` (the message
 * names file and offset), `COFFER_ERROR_IO`. Any thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_verify_snapshot(coffer_db db,
                                     const char *id,
                                     char **out_json);

/**
 * Tells how two states differ: which documents came, changed and went.
 *
 * - `from`, `to`: each as `id` for `coffer_restore_database_from_snapshot`, or `"now"`. NULL as `to` means now.
 * - `out_json`: receives `{"from": {"id": "snapshot-42", "sequence": 42}, "to": {"id": "now", "sequence": 57}, "added":
 *   [{"key": "slot-2", "bytes": 150}], "changed": [{"key": "slot-1", "patch": [{"op": "replace", "path": "/hp", "value":
 *   7}]}], "removed": []}`. Each patch is a JSON Patch (RFC 6902), numbers digit for digit; it is empty if only the
 *   layout differs. Of the Tier 1 documents, the newest are compared. It is yours: give it back with
 *   `coffer_string_free`.
 *
 * Statuses: those of `coffer_restore_database_from_snapshot` but for the last three and `COFFER_ERROR_READ_ONLY`. Any
 * thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_diff_snapshots(coffer_db db,
                                    const char *from,
                                    const char *to,
                                    char **out_json);

/**
 * Loads one document as it was in a snapshot or at a moment, without restoring anything.
 *
 * - `id`: as for `coffer_restore_database_from_snapshot`, or `"now"`.
 * - `key`, `out_json`: as for `coffer_load_persistent_data`.
 *
 * Statuses: those of `coffer_load_persistent_data`; `COFFER_ERROR_UNKNOWN_SNAPSHOT`, `COFFER_ERROR_OUT_OF_REACH`,
 * `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_load_from_snapshot(coffer_db db,
                                        const char *id,
                                        const char *key,
                                        char **out_json);

/**
 * Writes a snapshot or a moment to one file, which any store on any machine can import.
 *
 * - `id`: as for `coffer_restore_database_from_snapshot`, or `"now"`.
 * - `path`: the file, UTF-8. It appears whole or not at all; a file that is there is replaced,
 *   but nothing else, and none of the store's own.
 * - `out_json`: receives `{"id": "snapshot-42", "path": "town.coffer", "sequence": 42, "documents": 3, "bytes": 512,
 *   "file_bytes": 1024}`. NULL is allowed; it is yours: give it back with `coffer_string_free`.
 *
 * Statuses: those of `coffer_load_from_snapshot`. Any thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_export_snapshot(coffer_db db,
                                     const char *id,
                                     const char *path,
                                     char **out_json);

/**
 * Takes in a file that `coffer_export_snapshot` wrote, as one more snapshot. No document changes until it is restored.
 *
 * - `path`: the file, UTF-8. Every byte and every document in it is checked, and it is not needed afterwards.
 * - `label`: what to call the snapshot; NULL or empty keeps the label that it had.
 * - `out_json`: receives the snapshot, as for `coffer_create_database_snapshot`.
 *
 * Statuses: those of `coffer_create_database_snapshot`; `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_CORRUPT`,
 * `COFFER_ERROR_UNSUPPORTED_FORMAT`, and, for documents that this store does not take, `COFFER_ERROR_INVALID_JSON`,
 * `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`. Any thread but the one that draws frames.
 */
COFFER_API
coffer_status coffer_import_snapshot(coffer_db db,
                                     const char *path,
                                     const char *label,
                                     char **out_json);

/**
 * Subscribes to events.
 *
 * - `topic`: one topic, or with `*` at its end every topic that begins so; up to 256 bytes of UTF-8. Each commit publishes
 *   `database_changed` with `{"changes": [{"collection": "plugin_data", "key": "slot-1", "revision": 4, "old_revision":
 *   3, "cleared": false}]}`; an old revision of 0 says that the document was not there, and a clear has the revision that
 *   it cleared.
 * - `options_json`: NULL, or `{"direct": false, "data": false, "since": 42, "queue": 4096}`; each may be left out.
 *   `"direct"`: the callback is called on the publishing thread before its call returns, or, if another thread is just
 *   calling it, by that one right after; else events wait until `coffer_hub_poll` or `coffer_hub_next`. `"data"`: changes
 *   carry the saved document as `"data"`, without the white space at its ends. `"since"`: begin with everything that was committed after this commit, as far
 *   back as the journal reaches (see `coffer_list_snapshots`); a direct callback is called with that before this function
 *   returns. `"queue"`: how many events wait at most, 1 to 16,777,216.
 * - `callback`, `context`: what to call with each event, one at a time and in order. NULL if events are asked for with
 *   `coffer_hub_next`; a context is then of no use, and is freed before this function returns.
 * - `free_context`: called once with the context when the subscription has ended; NULL is allowed. If this function
 *   fails it is not called: the context stays yours, even if the callback was called already.
 * - `out_subscription`: not NULL.
 *
 * All subscribers of a store, through whichever handle, meet the events in one order, commits in theirs. What does not
 * fit the queue is told by one event `overflow`, in its place, with `{"events": 7, "from_sequence": 40, "to_sequence":
 * 46}`; `coffer_hub_replay` brings the commits of it back. The same event comes first if the journal does not reach
 * back to `"since"`. A polled subscriber never holds up a save. A direct one should be brief: savers wait for it.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`; with `"since"` `COFFER_ERROR_READ_ONLY`,
 * `COFFER_ERROR_OUT_OF_REACH`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_subscribe(coffer_db db,
                                   const char *topic,
                                   const char *options_json,
                                   coffer_event_callback callback,
                                   void *context,
                                   coffer_free_callback free_context,
                                   coffer_subscription *out_subscription);

/**
 * Ends a subscription. When this returns, its callback is not running and will not run again, and its context has been
 * freed. Called from the callback itself, both are so when the callback returns.
 *
 * Waits for a call of the callback on another thread, so do not hold a lock that the callback takes. If that call is
 * itself waiting for this thread to leave a callback, as when two callbacks end each other's subscriptions, this returns
 * at once, and what it promises is so when that call returns.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_unsubscribe(coffer_subscription subscription);

/**
 * Calls the callbacks of this handle's polled plug-ins with the calls that wait, and those of its polled subscriptions with
 * their events in order, all on this thread.
 *
 * - `max_events`: how many calls and events at most; 0 for no limit.
 * - `budget_us`: stop when the next event would probably take longer than so many microseconds in all; 0 for no limit. The
 *   first event is delivered in any case.
 * - `out_delivered`: receives how many were delivered; NULL is allowed.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_MODULE_ABSENT`. Any thread; what another thread is just polling
 * is left to it.
 */
COFFER_API
coffer_status coffer_hub_poll(coffer_db db,
                              size_t max_events,
                              uint64_t budget_us,
                              size_t *out_delivered);

/**
 * Takes the next event that waits for a polled subscription, instead of having a callback called.
 *
 * `out_json` receives `{"topic": "database_changed", "sequence": 57, "id": 12, "source": "party-optimizer", "time_ms":
 * 1700000000000, "payload": {"changes": [...]}}`; NULL takes the event and drops it. It is yours: give it back with
 * `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none waits, `COFFER_ERROR_OUT_OF_MEMORY`. Any
 * thread.
 */
COFFER_API
coffer_status coffer_hub_next(coffer_subscription subscription,
                              char **out_json);

/**
 * Forgets what waits for a subscription and goes on with everything that was committed after `since`, as if it had
 * been made so. For one that was told of an `overflow`, `since` is `from_sequence` less one. Events that are no commits
 * are not brought back.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_READ_ONLY`,
 * `COFFER_ERROR_OUT_OF_REACH`, `COFFER_ERROR_CORRUPT`, `COFFER_ERROR_IO`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_replay(coffer_subscription subscription,
                                uint64_t since);

/**
 * Publishes an event of your own.
 *
 * - `topic`: 1 to 256 bytes of UTF-8 without `*`, and none that the store publishes itself.
 * - `json`: any JSON value, limited like a document.
 * - `out_event_id`: receives the event's number; NULL is allowed.
 *
 * A host's hub is asked first (`coffer_hub_supply`); what it refuses is not published.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`,
 * `COFFER_ERROR_MODULE_ABSENT`; with a host `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`,
 * `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_publish(coffer_db db,
                                 const char *topic,
                                 const char *json,
                                 uint64_t *out_event_id);

/**
 * Broadcasts the newest Tier 1 documents as the event `database_sync`: documented as syncTier1DataToHub.
 *
 * The event carries `{"character_roster": ..., "equipment_sets": ..., "party_configs": ..., "versions":
 * {"character_roster_v": 3, ...}, "timestamp_ms": 1700000000000}`, null for what was not saved or was cleared, all as of
 * one commit.
 *
 * `out_json` receives `{"success": true, "event_id": 12, "subscribers": 2, "time_ms": 1700000000000}`, with
 * a host's hub also its answer as `"host"`; without a subscriber it is a success too. NULL is allowed; it is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`,
 * `COFFER_ERROR_MODULE_ABSENT`; with a host `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`,
 * `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
 */
COFFER_API
coffer_status coffer_sync_tier1_data_to_hub(coffer_db db,
                                            char **out_json);

/**
 * Registers the store as the master reference `database-persistence-layer`: documented as
 * registerDatabaseAsMasterReference.
 *
 * `out_json` receives `{"registered": true, "ref_id": "database-persistence-layer@1", "name":
 * "database-persistence-layer", "holder": "party-optimizer", "about": {"version": "0.2.0", "provides":
 * ["character_roster", "equipment_sets", "party_configs"], "capabilities": ["read", "write", "sync",
 * "version_control"]}}`. If another handle on the store has registered it, `"registered"` is false, and the rest says who
 * holds it, as it does if a host's hub refuses. The reference goes when its holder closes its handle. NULL is allowed; it is yours: give it back with
 * `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`; with a host
 * `COFFER_ERROR_CALL_FAILED`, `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_CALLS_TOO_DEEP`. Any thread.
 */
COFFER_API
coffer_status coffer_register_database_as_master_reference(coffer_db db,
                                                           char **out_json);

/**
 * Looks references up.
 *
 * - `name`: a reference's name, or NULL for all of them.
 * - `out_json`: receives one as `coffer_register_database_as_master_reference` tells it but for `"registered"`, or an
 *   array of all by name. It is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_NOT_FOUND`,
 * `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_references(coffer_db db,
                                    const char *name,
                                    char **out_json);

/**
 * Registers a plug-in, so that others find it and can call its methods.
 *
 * - `plugin_json`: `{"name": "equipment-optimizer", "version": "1.2.0", "dependencies": {"roster-editor": "^1.0"},
 *   "exports": ["optimize"], "direct": false}`; all but name and version may be left out. Names of plug-ins and methods
 *   have 1 to 256 bytes without control characters; versions and requirements follow semver.org as Cargo reads them;
 *   `"dependencies"` may also be an array of names. Dependencies are told, not enforced: plug-ins load in any order.
 *   `"direct"`: the callback is called on the calling thread, by several at once; else calls wait until `coffer_hub_poll`
 *   through this handle, which calls it on one thread at a time, or until `coffer_hub_next_call`.
 * - `callback`, `context`: what to call with each call. NULL if calls are asked for with `coffer_hub_next_call`, or if there
 *   is nothing to call; a context is then of no use, and is freed before this function returns.
 * - `free_context`: called once with the context when the plug-in has ended; NULL is allowed. If this function fails it is
 *   not called: the context stays yours.
 *
 * The event `plugin_registered` is published with `{"name": ..., "version": ..., "exports": [...]}`, and `plugin_left` when
 * it ends: with `coffer_hub_unregister_plugin`, or with the handle.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_NAME_TAKEN` (the message says by whom),
 * `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_register_plugin(coffer_db db,
                                         const char *plugin_json,
                                         coffer_method_callback callback,
                                         void *context,
                                         coffer_free_callback free_context);

/**
 * Ends a plug-in of this handle. When this returns, its callback is not running and will not run again, and its context has
 * been freed; called from the callback itself, or while the callback waits for this thread, both are so when the callback
 * returns. Calls that it has not answered fail.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_UNKNOWN_PLUGIN`, `COFFER_ERROR_NAME_TAKEN` if another handle registered it, `COFFER_ERROR_MODULE_ABSENT`.
 * Any thread.
 */
COFFER_API
coffer_status coffer_hub_unregister_plugin(coffer_db db,
                                           const char *name);

/**
 * Looks plug-ins up.
 *
 * - `name`: a plug-in's name, or NULL for all of them.
 * - `out_json`: receives `{"name": "equipment-optimizer", "version": "1.2.0", "holder": "the option plugin of its handle",
 *   "dependencies": [{"name": "roster-editor", "requires": "^1.0", "found": "1.4.2", "satisfied": true}], "exports":
 *   ["optimize"], "direct": false}`, `"found"` null if there is none; or an array of all by name. It is yours: give it back
 *   with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_UNKNOWN_PLUGIN`,
 * `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_plugins(coffer_db db,
                                 const char *name,
                                 char **out_json);

/**
 * Calls a method of a plug-in and waits for the answer.
 *
 * - `plugin`, `method`: as the plug-in registered them.
 * - `json`: the argument, any JSON value, limited like a document.
 * - `time_limit_ms`: how long to wait at most, in milliseconds; 0 for 1,000. A direct callback cannot be stopped, but an
 *   answer that it gives later does not count.
 * - `out_json`: receives the answer; NULL drops it. It is yours: give it back with `coffer_string_free`.
 *
 * A plug-in that is not direct answers when its own thread polls. Two that wait for each other on their only threads wait
 * until a limit is over; `coffer_hub_begin_call` lets a thread poll while it waits.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_UNKNOWN_PLUGIN`,
 * `COFFER_ERROR_CALL_FAILED` (the message is the plug-in's), `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_CALLS_TOO_DEEP` (calls
 * within calls on this thread), `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_call(coffer_db db,
                              const char *plugin,
                              const char *method,
                              const char *json,
                              uint32_t time_limit_ms,
                              char **out_json);

/**
 * Calls a method of a plug-in without waiting: a game goes on with its frame and asks for the answer later. A direct
 * callback has run when this returns.
 *
 * Arguments as for `coffer_hub_call`; `out_call` is not NULL. Ask with `coffer_hub_await_call`; a call that nobody asks for
 * is kept until the handle is closed.
 *
 * Statuses: those of `coffer_hub_call` but for failure and time limit, and `COFFER_ERROR_INVALID_ARGUMENT` for more than
 * 65,536 calls under way. Any thread.
 */
COFFER_API
coffer_status coffer_hub_begin_call(coffer_db db,
                                    const char *plugin,
                                    const char *method,
                                    const char *json,
                                    uint32_t time_limit_ms,
                                    coffer_call *out_call);

/**
 * Asks what came of a call. Whatever it says but `COFFER_ERROR_PENDING` ends the call.
 *
 * - `wait_us`: how long to wait for the answer, in microseconds; 0 only looks.
 * - `out_json`: receives the answer; NULL drops it. It is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_PENDING`, `COFFER_ERROR_CALL_FAILED` (the message is the
 * plug-in's), `COFFER_ERROR_TIMED_OUT`, `COFFER_ERROR_OUT_OF_MEMORY`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_await_call(coffer_call call,
                                    uint64_t wait_us,
                                    char **out_json);

/**
 * Takes the next call that waits for a plug-in of this handle that has no callback.
 *
 * - `out_request`: receives the request to answer; not NULL.
 * - `out_json`: receives `{"plugin": "equipment-optimizer", "method": "optimize", "caller": "party-optimizer", "argument":
 *   {...}}`; NULL is allowed. It is yours: give it back with `coffer_string_free`.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none waits,
 * `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_hub_next_call(coffer_db db,
                                   coffer_request *out_request,
                                   char **out_json);

/**
 * Answers a request.
 *
 * - `request`: it ends, unless `json` is refused.
 * - `json`: any JSON value, limited like a document of a store with the usual options.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_JSON`, `COFFER_ERROR_TOO_LARGE`, `COFFER_ERROR_TOO_DEEP`, `COFFER_ERROR_TIMED_OUT` if nobody waits any
 * more, `COFFER_ERROR_INVALID_ARGUMENT` if the plug-in left. Any thread.
 */
COFFER_API
coffer_status coffer_hub_answer(coffer_request request,
                                const char *json);

/**
 * Refuses a request: the caller gets `COFFER_ERROR_CALL_FAILED` with your reason.
 *
 * - `request`: it ends.
 * - `reason`: one line for the caller to read, UTF-8.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_TIMED_OUT` if nobody waits any more, `COFFER_ERROR_INVALID_ARGUMENT` if the plug-in left. Any thread.
 */
COFFER_API
coffer_status coffer_hub_refuse(coffer_request request,
                                const char *reason);

/**
 * Supplies a hub of the host's own: from now on it is asked before anything is broadcast or registered through any handle
 * on the store, and what it refuses does not happen.
 *
 * - `options_json`: NULL, or `{"version": "1.0.0", "changes": false, "data": false}`; each may be left out. `"version"`:
 *   what `coffer_load_phase11` says. `"changes"`: it is handed each commit too, with `"data"` with the documents; nobody
 *   waits for what it answers to these.
 * - `callback`, `context`: called with each operation like a direct plug-in, on whichever thread broadcasts or registers, by
 *   several at once. NULL withdraws the hub that was supplied through this handle; so does closing the handle.
 *   The method is `"broadcast"` with `{"topic": "database_sync", "sequence": 57, "source": "party-optimizer", "payload":
 *   {...}}`, or `"register_reference"` with `{"name": "database-persistence-layer", "holder": "party-optimizer", "about":
 *   {...}}`. It answers any JSON within a second; to a reference `{"registered": true, "ref_id": "ref-7"}`, or
 *   `{"registered": false, "holder": "somebody else", "ref_id": "ref-3"}`. Subscribers of the store still hear what the
 *   host does not refuse.
 * - `free_context`: called once with the context when the hub has been withdrawn; NULL is allowed. If this function fails it
 *   is not called: the context stays yours.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
 * `COFFER_ERROR_NAME_TAKEN` if there is one, `COFFER_ERROR_NOT_FOUND` if there is none to withdraw,
 * `COFFER_ERROR_MODULE_ABSENT` for `"changes"` in a build without its own hub. Any thread.
 */
COFFER_API
coffer_status coffer_hub_supply(coffer_db db,
                                const char *options_json,
                                coffer_method_callback callback,
                                void *context,
                                coffer_free_callback free_context);

/**
 * Writes every document of this moment to a file that other programs read: documented as exportDatabaseForSharing.
 *
 * - `format`: `"json"`, `"csv"` or `"xml"`, in any case; NULL for JSON.
 * - `path`: UTF-8; NULL for `database_export_YYYYMMDD_HHMMSS.<format>` (UTC) in the store's folder, with `_2` and so on
 *   before the dot if there is one already. A file that is there is
 *   replaced when the new one is complete and on the disk; none of the store's own files can be named.
 * - `progress`, `context`: told how far it is; NULL for nobody.
 * - `out_json`: receives `{"path": "out.json", "format": "json", "bytes": 5120, "documents": 12, "sequence": 57, "sha256":
 *   "9f86...", "time_ms": 1700000000000}`, bytes and hash of the file, and the last commit that is in it. NULL is allowed; it
 *   is yours: give it back with `coffer_string_free`.
 *
 * The file has the newest of each Tier 1 document, their past versions, and the plug-ins' documents; importing it into an
 * empty store gives the same documents, numbers digit for digit and members in order. README shows the formats. Others save
 * meanwhile; checkpoints wait. The record `save_metadata/last_export` is kept, unless the handle is read-only or the
 * store takes no changes.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_IO`,
 * `COFFER_ERROR_CANCELLED`, `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_export_database_for_sharing(coffer_db db,
                                                 const char *format,
                                                 const char *path,
                                                 coffer_progress_callback progress,
                                                 void *context,
                                                 char **out_json);

/**
 * Takes in the documents of a file, in one durable commit that keeps the state before as an automatic snapshot: documented
 * as importDatabaseFromExternal.
 *
 * - `path`: UTF-8. What `coffer_export_database_for_sharing` wrote, or a JSON object or array, a CSV file with a row of names,
 *   or an XML file of anybody's; UTF-8 or UTF-16. README says what becomes of those.
 * - `format`: `"json"`, `"csv"` or `"xml"`, in any case; NULL to tell by the file's beginning.
 * - `options_json`: NULL, or `{"mode": "merge", "on_conflict": "overwrite", "collections": ["plugin_data"], "key_column":
 *   "id", "key": "monsters", "dry_run": false, "lenient": false, "whole": false, "data": false}`; each may be left out. `"mode"`: `"merge"`
 *   leaves documents that the file does not have, `"replace"` clears them. `"on_conflict"`, of a document that is there with
 *   another text: `"overwrite"`, `"skip"` or `"fail"`. `"collections"`: only these; all. `"key_column"`: the column or
 *   member that is the key of a record in a file that is not ours; `key`. `"key"`: of a document that the file gives no
 *   key; the file's name without its ending. `"dry_run"`: only say what would change. `"lenient"`: pass what is only
 *   carelessly written in XML. `"whole"`: a JSON file is one document. `"data"`: the result has the Tier 1 documents of the file.
 * - `progress`, `context`: told how far the file is read; NULL for nobody.
 * - `out_json`: receives `{"path": "in.csv", "format": "csv", "file_bytes": 5120, "dry_run": false, "documents": 12, "saved":
 *   9, "unchanged": 2, "cleared": 0, "skipped": 1, "skipped_documents": [{"key": "a", "line": 7, "column": 1, "reason":
 *   "..."}], "commit": 58, "undo": "snapshot-57"}`, the first 100 of those that were skipped, with line and column 0 where it
 *   was the store that decided; `"commit"` and `"undo"` are
 *   null if nothing changed; restore `"undo"` to undo it. NULL is allowed; it is yours: give it back with
 *   `coffer_string_free`.
 *
 * On any error nothing has changed. Past versions of Tier 1 documents are taken in if the store has none of its own. All
 * documents together may have 2 GiB; besides them, which the store then holds, an import needs little memory. While its
 * one record is written (not while the file is read) others' saves wait. A dry run also works on a read-only handle.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT`, `COFFER_ERROR_UNREADABLE` (the message names line and
 * column), `COFFER_ERROR_CONFLICT`, `COFFER_ERROR_READ_ONLY`, `COFFER_ERROR_IO`, `COFFER_ERROR_CANCELLED`,
 * `COFFER_ERROR_FAILED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_import_database_from_external(coffer_db db,
                                                   const char *path,
                                                   const char *format,
                                                   const char *options_json,
                                                   coffer_progress_callback progress,
                                                   void *context,
                                                   char **out_json);

/**
 * Says how the store fares, and what to do about what is not well: documented as analyzeDatabaseHealth.
 *
 * - `options_json`: NULL, or `{"full": false, "quota_bytes": null}`; each may be left out. `"full"`: read everything on the
 *   disk again and check it; else only what is known without that, which takes at most a millisecond at 100,000 documents
 *   (the first time after opening a larger store longer: it looks at each document once). `"quota_bytes"`: how many bytes the
 *   documents may have, for `"days_until_quota"`.
 * - `progress`, `context`: of the full form, told how far it is; NULL for nobody. Stopping ends the check with
 *   `COFFER_ERROR_CANCELLED` and no result.
 * - `out_json`: receives the report. NULL is allowed; it is yours: give it back with `coffer_string_free`.
 *
 * The report, with every time in milliseconds since the Unix epoch: `{"total_records": 12, "character_roster_size": 90,
 * "equipment_sets_size": 0, "party_configs_size": 0, "last_sync": null, "integrity_status": "OK", "trend": "growing", "full":
 * true, "took_ms": 81.5, "time_ms": 1700000000000, "sequence": 57, "score": 98, "findings": [{"points": 2, "what": "...",
 * "why": "...", "do": "..."}], "causes": [{"file": "image-0000000000000039.coffer", "offset": 65536, "reason": "..."}],
 * "collections": [{"name": "plugin_data", "documents": 9, "bytes": 4000, "largest": {"key": "slot-1", "bytes": 900},
 * "newest_save_ms": 1700000000000, "oldest_save_ms": 1690000000000}], "tier1": [{"name": "character_roster", "bytes": 90,
 * "version": 3, "versions_kept": 3}], "journal": {"segments": 1, "bytes": 4096, "live_bytes": 3072, "dead_bytes": 1024,
 * "live_share": 0.75, "checkpoint_age_ms": 5000, "unsynced_commits": 0}, "image": {"bytes": 9000, "sequence": 40},
 * "snapshots": {"count": 2, "automatic": 1, "history_bytes": 700, "oldest_ms": 1690000000000}, "disk_bytes": 80000, "latency":
 * {"save": {"count": 57, "p50_us": 2.1, "p99_us": 9.0, "max_us": 800.0, "sampled": 16}, "load": {..., "sampled": 64}, "sync":
 * {...}}, "hub": {"events": 57, "subscribers": 1, "queued": 0, "lost": 0, "plugins": 2}, "growth": {"samples": [{"time_ms":
 * 1690000000000, "documents": 10, "bytes": 3500}], "bytes_per_day": 500.0, "documents_per_day": 1.5, "days_until_quota":
 * 40.5}, "anomalies": [{"kind": "size_jump", "at_ms": 1695000000000, "what": "..."}], "checked": {"bytes": 80000, "files": 3,
 * "took_ms": 80.9, "mb_per_s": 900.0}}`.
 *
 * - `"total_records"`: documents in the collections that users save to, past versions included. `"..._size"`: bytes of the
 *   newest; 0 without one. `"last_sync"`: when `coffer_sync_tier1_data_to_hub` last did.
 * - `"integrity_status"`: `"CORRUPT"` if something that documents need on the disk is damaged or missing, which the next
 *   opening would refuse; `"DEGRADED"` if only something else is: snapshots that cannot be brought back, saves that are
 *   refused after a failed write, checkpoints that fail, what salvage could not keep at opening; else `"OK"`. `"causes"` say
 *   what: the file in the store's folder (empty if it is none's), the byte, the reason. Damage inside of files that were not
 *   read since is found by the full form only.
 * - `"score"`: 100 less the points of all findings; each says what was found, why it matters and what to do.
 * - `"largest"`, `"newest_save_ms"` and `"oldest_save_ms"` are of the documents that are there, and exact while nobody saves;
 *   null in an empty collection. `"versions_kept"`: how many past versions are there.
 * - `"journal"`: `"live_bytes"` are those of records whose document is still as they say, each counted as a record of its
 *   own; the rest is what the next checkpoint gives back. `"checkpoint_age_ms"`: since the state in the image was the present.
 * - `"latency"`: since opening. Of saves that are not durable one of `"sampled"` is measured, of loads likewise.
 * - `"hub"`: `"lost"` are events that did not fit the queues of present subscribers.
 * - `"trend"`: `"growing"`, `"shrinking"`, `"stable"`, or `"unknown"` before there are samples of an hour. Samples are kept in
 *   `save_metadata/growth` by the store's own thread, at most one an hour and 256 in all, the older the sparser.
 *   `"days_until_quota"` is null unless the store grows and a quota was given.
 * - `"anomalies"`: `"size_jump"`, `"rate_jump"`: what is unusual for this store. `"checked"`: null unless `"full"`.
 *
 * Others save meanwhile; during the full form checkpoints wait. What a store that was opened read-only says of its journal
 * is as of now, of its documents as of opening.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
 * `COFFER_ERROR_INVALID_ARGUMENT` (the full form within the progress of an export or a check), `COFFER_ERROR_IO`,
 * `COFFER_ERROR_CANCELLED`, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_analyze_database_health(coffer_db db,
                                             const char *options_json,
                                             coffer_progress_callback progress,
                                             void *context,
                                             char **out_json);

/**
 * Registers the API of the store over HTTP, and starts the built-in server when asked to listen: documented as
 * registerDatabaseAPI.
 *
 * - `options_json`: NULL for the defaults, or a JSON object of which every member may be left out. `"listen"`: where the
 *   built-in server listens, such as `"127.0.0.1:8321"`, port 0 for any that is free; left out, nothing listens and requests
 *   come through `coffer_gateway_handle_request`. `"token"`: what clients have to know, 16 to 1,024 letters, digits and
 *   `-._~+/=`; a random one. `"anonymous_read"` (false): reading needs no token. `"allow_write"` (false): changes are
 *   allowed, unless the handle is read-only. `"limits"`: requests per minute by endpoint, `{"status": 60, "export": 30}`, 1 to
 *   1,000,000. `"max_body_bytes"` (1 to 1,073,741,824; 67,108,864). `"allow_remote"` (false): other addresses than
 *   loopback may be listened on; there is no encryption. `"allow_origins"` (`[]`): pages of other sites that may ask, such
 *   as `"http://localhost:5173"`.
 * - `out_json`: receives `{"endpoints": [{"endpoint_id": "status", "method": "GET", "path": "/api/database/status",
 *   "per_minute": 60, "address": "http://127.0.0.1:8321/api/database/status"}], "address": "http://127.0.0.1:8321",
 *   "token": "...", "inspector": "http://127.0.0.1:8321/#token=...", "status": {the endpoint}, "export": {the endpoint}}`;
 *   each `"address"` and `"inspector"` is null if nothing listens. Open `"inspector"` in a browser for a page that shows the
 *   store. NULL is allowed; it is yours: give it back with `coffer_string_free`.
 *
 * A store has one API, which every handle on it uses. It ends with `coffer_unregister_database_api`, or when this handle is
 * closed; requests that are under way are answered first. The server has a few threads of its own, at lower priority where
 * the platform can. GET /api/openapi.json describes every endpoint.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`, `COFFER_ERROR_INVALID_OPTION`,
 * `COFFER_ERROR_NAME_TAKEN` if the store has an API already, `COFFER_ERROR_IO` if the port is in use (the message names it),
 * `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_register_database_api(coffer_db db,
                                           const char *options_json,
                                           char **out_json);

/**
 * Ends the API that was registered through this handle. When this returns, no thread of it runs, its port is closed, and
 * streams have ended.
 *
 * Statuses: `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_NOT_FOUND` if none is registered, `COFFER_ERROR_NAME_TAKEN` if
 * another handle registered it, `COFFER_ERROR_INVALID_ARGUMENT` from a thread that is answering a request of it (such as the
 * callback of a plug-in), `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_unregister_database_api(coffer_db db);

/**
 * Adds an endpoint that a plug-in answers to the store's API.
 *
 * - `endpoint_json`: `{"plugin": "equipment-optimizer", "call": "optimize", "method": "POST", "path":
 *   "/equipment/{slot}/best", "per_minute": 120, "id": "best", "write": false}`. `"plugin"` and `"call"`: the plug-in and its
 *   method, as for `coffer_hub_call`; it need not be there yet. `"method"`: GET, POST, PUT, PATCH or DELETE. `"path"`: names
 *   of letters, digits and `-._~` between slashes, or parameters in braces; not under `/api/database`, `/api/openapi` and
 *   `/inspector`. These may be left out: `"per_minute"` (6,000; 600 of one that writes), `"id"` (plugin.call), `"write"`
 *   (false): it counts as a change, for which the API has to be registered with `"allow_write"`.
 * - `out_json`: receives `{"endpoint_id": "best", "method": "POST", "path": "/equipment/{slot}/best", "per_minute": 120,
 *   "address": "http://127.0.0.1:8321/equipment/{slot}/best"}`, the address null if nothing listens. NULL is allowed; it is
 *   yours: give it back with `coffer_string_free`.
 *
 * A request calls the method with `{"id": "best", "method": "POST", "path": "/equipment/hat/best", "parameters": {"slot":
 * "hat"}, "query": {"level": "3"}, "content_type": "application/json", "body": {...}}`, `"content_type"` and `"body"` null
 * where there is none. The method answers `{"status": 200, "body": {...}, "headers": {}}`, all of which may be left out;
 * without a body the status is 204. A direct plug-in is called on a thread of the server. A plug-in that is not there
 * becomes 503, one that refuses 502, one that does not answer within a second 504.
 *
 * The endpoint goes with `coffer_gateway_unregister_endpoint`, with this handle, or with the API.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_OPTION`, `COFFER_ERROR_INVALID_ARGUMENT` if the path cannot stand beside another,
 * `COFFER_ERROR_NAME_TAKEN` if there is such an id or method and path, `COFFER_ERROR_NOT_FOUND` if the store has no API,
 * `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_gateway_register_endpoint(coffer_db db,
                                               const char *endpoint_json,
                                               char **out_json);

/**
 * Removes an endpoint that was added through this handle. Requests that it is answering are answered.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_NOT_FOUND`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_gateway_unregister_endpoint(coffer_db db,
                                                 const char *id);

/**
 * Answers a request that came to an HTTP server of the host's own, in the same way as the built-in server. The store's API
 * has to be registered, through any handle; it need not listen.
 *
 * - `request_json`: `{"method": "GET", "target": "/api/database/status?x=1", "headers": {"authorization": "Bearer ..."},
 *   "body": "text"}`, headers and body may be left out. The host's server checks `Host`.
 * - `out_json`: receives `{"status": 200, "headers": {"content-type": "application/json"}, "body": "text"}`, names of headers
 *   in lower case. It is yours: give it back with `coffer_string_free`.
 *
 * What is wrong with the request is told in the answer, not by the status. The stream of events is not to be had so.
 *
 * Statuses: `COFFER_ERROR_NULL_ARGUMENT`, `COFFER_ERROR_INVALID_HANDLE`, `COFFER_ERROR_INVALID_UTF8`,
 * `COFFER_ERROR_INVALID_OPTION` and `COFFER_ERROR_INVALID_ARGUMENT` if `request_json` is not such a request,
 * `COFFER_ERROR_NOT_FOUND` if the store has no API, `COFFER_ERROR_OUT_OF_MEMORY`, `COFFER_ERROR_MODULE_ABSENT`. Any thread.
 */
COFFER_API
coffer_status coffer_gateway_handle_request(coffer_db db,
                                            const char *request_json,
                                            char **out_json);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* COFFER_H */
