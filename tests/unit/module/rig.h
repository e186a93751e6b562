/* The echo module and the fake hub, and a run of the one against the other in a thread. */
#ifndef TESTS_UNIT_MODULE_RIG_H
#define TESTS_UNIT_MODULE_RIG_H

#include "shelf.h"

#include <pthread.h>
#include <sys/stat.h>

#include <carehub/carehub.h>

#include "base/clock.h"
#include "base/file.h"
#include "carehub/v1/care.pb-c.h"
#include "kit/fakehub/fake_hub.h"
#include "module/kit/module_run.h"
#include "support/echo.h"

struct rig {
	struct shelf shelf;
	struct fake_hub *bus;
	struct module_settings settings;
	struct module module;
	struct ch_connection *line;
	struct ch_event *event;
	char key_file[128];
	char metrics_file[128];
	atomic_int stop;
	enum ch_status status;
	pthread_t thread;
};

/* ---- Beginning and ending ---- */

static inline void rig_connect(struct rig *rig)
{
	struct ch_options *options = ch_options_create();
	assert_int_equal(ch_options_set_endpoint(options, fake_hub_endpoint(rig->bus)), CH_OK);
	assert_int_equal(ch_options_set_server_key(options, fake_hub_server_key(rig->bus)), CH_OK);
	assert_int_equal(ch_options_set_key(options, fake_hub_secret_key(rig->bus)), CH_OK);
	ch_options_set_reconnect(options, 10, 100);
	assert_int_equal(ch_connect(options, &rig->line), CH_OK);
	ch_options_free(options);
}

static inline void rig_begin_all(struct rig *rig)
{
	*rig = (struct rig){0};
	echo_now = (struct echo){0};
	shelf_make(&rig->shelf);
	rig->bus = fake_hub_start(NULL);
	assert_non_null(rig->bus);
	(void)snprintf(rig->key_file, sizeof(rig->key_file), "%s.secret", rig->shelf.directory);
	(void)snprintf(
		rig->metrics_file, sizeof(rig->metrics_file), "%s.metrics", rig->shelf.directory);
	assert_int_equal(
		file_replace(rig->key_file, slice_text(fake_hub_secret_key(rig->bus)), 0600),
		CH_OK);
	rig->settings = (struct module_settings){
		.hub = {.endpoint = strdup(fake_hub_endpoint(rig->bus)),
			.server_key = strdup(fake_hub_server_key(rig->bus)),
			.key_file = rig->key_file},
		.subscription = strdup("echo"),
		.book = rig->shelf.directory,
		.batch = 64,
		.metrics = rig->metrics_file,
		.configs = calloc(1, sizeof(void *)),
	};
	rig->module = echo_module;
	rig_connect(rig);
	rig->event = ch_event_create();
	assert_non_null(rig->event);
}

static inline void rig_end(struct rig *rig)
{
	ch_event_free(rig->event);
	ch_close(rig->line);
	assert_string_equal(fake_hub_violation(rig->bus), "");
	fake_hub_stop(rig->bus);
	free(rig->settings.hub.endpoint);
	free(rig->settings.hub.server_key);
	free(rig->settings.subscription);
	free(rig->settings.configs);
	(void)unlink(rig->key_file);
	(void)unlink(rig->metrics_file);
	shelf_remove(&rig->shelf);
}

/* ---- Running ---- */

static inline void *rig_thread(void *context)
{
	struct rig *rig = context;
	struct problems problems = {0};
	const struct run_life life = {.stop = &rig->stop, .generation = 1};
	rig->status = module_run(&rig->module, &rig->settings, &life, &problems);
	problems_fini(&problems);
	return NULL;
}

static inline void rig_start(struct rig *rig)
{
	rig->stop = 0;
	assert_int_equal(pthread_create(&rig->thread, NULL, rig_thread, rig), 0);
}

static inline enum ch_status rig_join(struct rig *rig)
{
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
	return rig->status;
}

static inline void rig_stop(struct rig *rig)
{
	rig->stop = 1;
	assert_int_equal(rig_join(rig), CH_OK);
}

/* Until the book has all that the hub has, and all is said. */
static inline void rig_run_once(struct rig *rig)
{
	struct problems problems = {0};
	const struct run_life life = {.stop = &rig->stop, .once = true, .generation = 1};
	rig->stop = 0;
	assert_int_equal(module_run(&rig->module, &rig->settings, &life, &problems), CH_OK);
}

/* ---- What goes in, and what has become of it ---- */

/* Feedbacks "<prefix><first>" to "<prefix><last>", from a web site. */
static inline void rig_put(struct rig *rig, const char *prefix, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		char id[32];
		Carehub__V1__FeedbackGiven given = CAREHUB__V1__FEEDBACK_GIVEN__INIT;
		(void)snprintf(id, sizeof(id), "%s%u", prefix, i);
		given.feedback_id = id;
		ch_event_clear(rig->event);
		ch_event_set_text(rig->event, CH_ID, id);
		ch_event_set_text(rig->event, CH_SOURCE, "/site");
		ch_event_set_text(rig->event, CH_TYPE, "website.feedback.given");
		ch_event_set_time(rig->event, clock_wall_us(), 0);
		assert_int_equal(ch_event_set_message(rig->event, &given.base), CH_OK);
		assert_int_equal(ch_publish_async(rig->line, rig->event, 5000, NULL, NULL), CH_OK);
	}
	assert_int_equal(ch_publish_flush(rig->line, 10000), CH_OK);
}

struct rig_sight {
	struct feed_state feed;
	uint64_t feedback;
	uint64_t heard;
};

/* The book of a module that does not run. */
static inline struct rig_sight rig_look(struct rig *rig)
{
	struct rig_sight sight;
	struct book *book = NULL;
	struct book_form form = module_settings_form(&rig->settings, &rig->module);
	assert_int_equal(book_open(&form, BOOK_WRITE, &book), CH_OK);
	struct book_txn *txn = shelf_begin(book, false);
	assert_int_equal(feed_state_read(txn, &sight.feed), CH_OK);
	sight.feedback = book_count(txn, ECHO_FEEDBACK);
	sight.heard = book_count(txn, ECHO_HEARD);
	book_abort(txn);
	book_close(book);
	return sight;
}

#endif
