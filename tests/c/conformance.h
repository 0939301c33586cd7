/*
 * The conformance cases that the other files named conformance_ hold, and the short checks that all cases use.
 *
 * It must not hold code. Invariant: every case is a function without arguments that leaves no handle open.
 */
#ifndef COFFER_TEST_CONFORMANCE_H
#define COFFER_TEST_CONFORMANCE_H

#include "support.h"

struct named_case {
    const char *name;
    void (*run)(void);
};
#define CASE(function) {#function, function}

coffer_db open_at(const char *path, const char *options);
coffer_db open_fresh(const char *name);
void expect(coffer_db db, const char *key, const char *expected);
void expect_missing(coffer_db db, const char *key);
void expect_revision(coffer_db db, const char *key, uint64_t expected);
void expect_keys(coffer_db db, const char *prefix, const char *after, size_t limit, const char *expected);

void tier1_round_trip(void);
void tier1_versions(void);
void roll_back(void);
void version_diff(void);
void tier1_through_keys(void);
void past_versions_are_kept(void);
void reopen_finds_all(void);
void two_handles_one_store(void);
void read_only(void);
void options(void);
void invalid_json(void);
void invalid_keys(void);
void too_large_and_too_deep(void);
void unicode(void);
void last_error(void);
void closed_handle(void);
void flush_and_checkpoint(void);
void snapshot_create(void);
void snapshot_restore(void);
void snapshot_restore_part(void);
void snapshot_unknown(void);
void snapshot_list_pin_delete(void);
void snapshot_diff(void);
void snapshot_load(void);
void snapshot_moment(void);
void snapshot_export_import(void);
void snapshot_reopen(void);
void hub_changes(void);
void hub_topics(void);
void hub_delivery(void);
void hub_unsubscribe(void);
void hub_overflow(void);
void hub_since(void);
void hub_sync(void);
void hub_master_reference(void);
void hub_plugins(void);
void hub_calls(void);
void hub_call_failures(void);
void hub_begin_call(void);
void hub_host(void);
void phase11(void);
void exchange_round_trip(void);
void exchange_defaults(void);
void exchange_import(void);
void exchange_errors(void);
void exchange_progress(void);
void health_report(void);
void health_full(void);
void gateway_registers(void);
void gateway_requests(void);
void gateway_writes(void);
void gateway_limits(void);
void gateway_listens(void);
void gateway_endpoint(void);
void no_live_handles(void);

/* What a progress callback was told, and what it answers. */
struct progress {
    uint64_t done, total;
    int calls, stop;
};

/* A progress callback whose context is such a struct; it only ever goes on. */
int32_t note_progress(void *context, uint64_t done, uint64_t total);

#endif
