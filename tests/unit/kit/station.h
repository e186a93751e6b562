/* A station: a drop folder, the runner in a thread or in the caller, and the fake hub. */
#ifndef TESTS_UNIT_KIT_STATION_H
#define TESTS_UNIT_KIT_STATION_H

#include "drop.h"

#include <pthread.h>

#include "kit/fakehub/fake_hub.h"
#include "kit/runner.h"

struct station {
	struct drop drop;
	struct fake_hub *bus;
	struct kit_adapter adapter; /* of the drop folder, unless the test wants another ... */
	void *source;               /* ... with this */
	struct kit_settings settings;
	struct kit_counts counts;
	enum ch_status status; /* of the run that was stopped last */
	atomic_int stop;
	pthread_t thread;
};

static inline enum ch_status station_next(void *source, struct kit_item *out_item)
{
	struct drop *drop = source;
	return folder_next(drop->folder, out_item);
}

static inline void station_settle(void *source, const struct kit_settled *settled)
{
	struct drop *drop = source;
	folder_settle(drop->folder, settled);
}

static inline enum ch_status station_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	struct drop *drop = source;
	return folder_late(drop->folder, origin, receipt);
}

static inline char *path_in(const struct station *station, const char *name)
{
	char path[DROP_PATH];
	(void)snprintf(path, sizeof(path), "%s/%s", station->drop.path, name);
	return strdup(path);
}

/* Without a spool. */
static inline void station_begin(struct station *station)
{
	*station = (struct station){.adapter = {.program = "carehub-station",
					    .next = station_next,
					    .settle = station_settle,
					    .late = station_late}};
	station->source = &station->drop;
	drop_begin(&station->drop);
	station->bus = fake_hub_start(NULL);
	assert_non_null(station->bus);
	station->settings = (struct kit_settings){
		.endpoint = strdup(fake_hub_endpoint(station->bus)),
		.server_key = strdup(fake_hub_server_key(station->bus)),
		.key_file = path_in(station, ".secret"),
		.window = 16,
		.batch = 4,
		.poll_ms = 10,
		.metrics = path_in(station, ".metrics"),
	};
	drop_put(&station->drop, ".secret", "");
	assert_int_equal(chmod(station->settings.key_file, 0600), 0);
	drop_put(&station->drop, ".secret", fake_hub_secret_key(station->bus));
}

static inline void station_begin_with_spool(struct station *station)
{
	station_begin(station);
	station->settings.spool_directory = path_in(station, ".spool");
	station->settings.spool_max_bytes = 1 << 20;
	station->settings.spool_patience_ms = 50;
}

static inline void station_end(struct station *station)
{
	assert_string_equal(fake_hub_violation(station->bus), "");
	fake_hub_stop(station->bus);
	free(station->settings.endpoint);
	free(station->settings.server_key);
	free(station->settings.key_file);
	free(station->settings.metrics);
	free(station->settings.spool_directory);
	drop_end(&station->drop);
}

/* ---- Running it ---- */

static inline enum ch_status station_run(struct station *station, bool once)
{
	const struct run_life life = {.once = once, .stop = &station->stop};
	station->stop = 0;
	station->counts = (struct kit_counts){0};
	return runner_run(
		&station->adapter, station->source, &station->settings, &life, &station->counts);
}

/* Until the source has nothing more and the hub has everything. */
static inline void station_run_once(struct station *station)
{
	assert_int_equal(station_run(station, true), CH_OK);
}

static inline void *station_thread(void *context)
{
	struct station *station = context;
	const struct run_life life = {.stop = &station->stop};
	station->status = runner_run(
		&station->adapter, station->source, &station->settings, &life, &station->counts);
	return NULL;
}

/* Runs as a service until it is stopped, by a signal too: pthread_kill(station.thread, ...). */
static inline void station_start(struct station *station)
{
	station->stop = 0;
	station->counts = (struct kit_counts){0};
	assert_int_equal(pthread_create(&station->thread, NULL, station_thread, station), 0);
}

static inline void station_stop(struct station *station)
{
	station->stop = 1;
	assert_int_equal(pthread_join(station->thread, NULL), 0);
	assert_int_equal(station->status, CH_OK);
}

/* ---- What goes in, and what comes out ---- */

/* A file of the events "first" to "last".  It appears by rename, so that a running adapter never sees half
 * of it. */
static inline void put_many(
	struct station *station, const char *name, unsigned first, unsigned last)
{
	struct buffer text = {0};
	char *from = path_in(station, ".new");
	char *to = path_in(station, name);
	for (unsigned i = first; i <= last; i++)
		buffer_printf(&text, "%u\n", i);
	drop_put(&station->drop, ".new", buffer_text(&text));
	assert_int_equal(rename(from, to), 0);
	buffer_fini(&text);
	free(from);
	free(to);
}

static inline void wait_for(const struct station *station, const char *name)
{
	for (int i = 0; i < 1000 && !drop_has(&station->drop, name); i++)
		assert_int_equal(usleep(10000), 0);
	assert_true(drop_has(&station->drop, name));
}

/* The bus has the events "1" to "last", once each and in order. */
static inline void expect_in_order(struct station *station, unsigned last)
{
	assert_int_equal(fake_hub_count(station->bus, FAKE_STORED), last);
	for (unsigned i = 1; i <= last; i++) {
		char id[32];
		char wanted[32];
		(void)snprintf(wanted, sizeof(wanted), "%u", i);
		assert_true(fake_hub_id_at(station->bus, i, id, sizeof(id)));
		assert_string_equal(id, wanted);
	}
}

#endif
