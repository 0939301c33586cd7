/*
 * The parts of the abuse test: each hands the library one kind of wrong argument.
 *
 * It must not hold code. Invariant: every part gets a store with documents in it, and leaves it as it was.
 */
#ifndef COFFER_TEST_ABUSE_H
#define COFFER_TEST_ABUSE_H

#include "support.h"

/* Calls every function that takes a handle with `db`, expecting this status from each and no result from any. */
void every_function_refuses(coffer_db db, coffer_status expected);
void every_snapshot_function_refuses(coffer_db db, coffer_status expected);
void every_hub_function_refuses(coffer_db db, coffer_status expected);
void every_plugin_function_refuses(coffer_db db, coffer_status expected);
void every_exchange_function_refuses(coffer_db db, coffer_status expected);
void every_health_function_refuses(coffer_db db, coffer_status expected);
void every_gateway_function_refuses(coffer_db db, coffer_status expected);

/* Calls every function of a part that takes a text with this one, which is not UTF-8, as each of its texts. */
void every_snapshot_text_is_refused(coffer_db db, const char *bad);
void every_hub_text_is_refused(coffer_db db, const char *bad);
void every_plugin_text_is_refused(coffer_db db, const char *bad);
void every_exchange_text_is_refused(coffer_db db, const char *bad);
void every_health_text_is_refused(coffer_db db, const char *bad);
void every_gateway_text_is_refused(coffer_db db, const char *bad);

void abuse_handles(coffer_db db);
void abuse_nulls(coffer_db db);
void abuse_utf8(coffer_db db);
void abuse_json(coffer_db db);
void abuse_depth(coffer_db db);
void abuse_sizes(coffer_db db);
void abuse_batches(coffer_db db);
void abuse_arguments(coffer_db db);
void abuse_snapshots(coffer_db db);
void abuse_hub(coffer_db db);
void abuse_plugins(coffer_db db);
void abuse_calls(coffer_db db);
void abuse_exchange(coffer_db db);
void abuse_health(coffer_db db);
void abuse_gateway(coffer_db db);

/* These open stores of their own. */
void abuse_options(void);
void abuse_paths(void);
void abuse_hub_stores(void);
void abuse_call_stores(void);
void abuse_exchange_stores(void);
void abuse_exchange_files(void);
void abuse_exchange_threads(void);
void abuse_health_stores(void);
void abuse_gateway_callbacks(void);
void abuse_gateway_threads(void);
void abuse_gateway_tcp(void);

/* This one is given a gateway that listens. */
struct api;
void abuse_gateway_bytes(const struct api *api);

#endif
