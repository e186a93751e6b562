#include "module/kit/tally.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"

#define WRITE_US 10000000

struct tally {
	char *path;
	int64_t due_us;
	bool failed;
	bool told_live;
	uint64_t told_generation;
	struct metrics *metrics;

	struct metric *events;
	struct metric *rejects;
	struct metric *said;
	struct metric *up;
	struct metric *live;
	struct metric *lag;
	struct metric *position;
	struct metric *waiting;
	struct metric *refused;
	struct metric *missing;
	struct metric *book;
	struct metric *generation;
	struct metric *reload_failed;
};

static void tally_make(struct tally *tally, const char *program)
{
	struct metrics *metrics = tally->metrics;
	tally->events = metric_counter(
		metrics, "carehub_module_events", "Events in the book.", "module", program, NULL);
	tally->rejects = metric_gauge(metrics, "carehub_module_rejects",
		"Events in the book that no fold could take.", "module", program, NULL);
	tally->said = metric_counter(metrics, "carehub_module_sayings",
		"Events of the module that the hub took.", "module", program, NULL);
	tally->up = metric_gauge(
		metrics, "carehub_module_up", "The hub is connected.", "module", program, NULL);
	tally->live = metric_gauge(metrics, "carehub_module_live",
		"The book has all that the journal held when the module attached.", "module",
		program, NULL);
	tally->lag = metric_gauge(metrics, "carehub_module_behind_seconds",
		"While it is not live: the age of the newest event in the book.", "module", program,
		NULL);
	tally->position = metric_gauge(metrics, "carehub_module_position",
		"The sequence up to which the book has everything.", "module", program, NULL);
	tally->waiting = metric_gauge(metrics, "carehub_module_outbox_events",
		"Events of the module that wait for the hub.", "module", program, NULL);
	tally->refused = metric_gauge(metrics, "carehub_module_refused_events",
		"Events of the module that the hub did not take.", "module", program, NULL);
	tally->missing = metric_gauge(metrics, "carehub_module_missing_sequences",
		"Sequences of the journal that were gone before they could be folded.", "module",
		program, NULL);
	tally->book = metric_gauge(metrics, "carehub_module_book_bytes",
		"What the book takes on the disk.", "module", program, NULL);
	tally->generation = metric_gauge(metrics, "carehub_module_config_generation",
		"Of the configuration that is active, counted from the start.", "module", program,
		NULL);
	tally->reload_failed = metric_gauge(metrics, "carehub_module_config_reload_failed",
		"The last reload was refused, and the generation before it is active.", "module",
		program, NULL);
}

enum ch_status tally_create(const char *program, const char *path, struct tally **out_tally)
{
	enum ch_status status = CH_NOMEM;
	struct tally *tally = calloc(1, sizeof(*tally));
	if (tally == NULL)
		goto out;
	tally->path = path != NULL ? strdup(path) : NULL;
	tally->metrics = metrics_create();
	if ((path != NULL && tally->path == NULL) || tally->metrics == NULL)
		goto out;
	tally_make(tally, program);
	*out_tally = tally;
	tally = NULL; /* the caller's now */
	status = CH_OK;
out:
	tally_free(tally);
	return status;
}

void tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	metrics_free(tally->metrics);
	free(tally->path);
	free(tally);
}

struct metrics *tally_metrics(struct tally *tally)
{
	return tally->metrics;
}

static void tally_save(struct tally *tally)
{
	struct buffer text = {0};
	metrics_write(tally->metrics, &text);
	enum ch_status status = text.status;
	if (status == CH_OK)
		status = file_replace(tally->path, buffer_slice(&text), 0644);
	buffer_fini(&text);
	if (status != CH_OK && !tally->failed)
		log_warning("metrics.write", "path=\"%s\" status=%s", tally->path,
			ch_status_name(status));
	tally->failed = status != CH_OK;
}

void tally_tell(struct tally *tally, const struct tally_sight *sight, bool now)
{
	const struct feed_state *feed = &sight->feed;
	if (tally->path == NULL ||
		!(now || clock_steady_us() >= tally->due_us || sight->live != tally->told_live ||
			sight->generation != tally->told_generation))
		return;
	tally->due_us = clock_steady_us() + WRITE_US;
	tally->told_live = sight->live;
	tally->told_generation = sight->generation;
	int64_t behind_us =
		sight->live || feed->arrival_us == 0 ? 0 : sight->now_us - feed->arrival_us;
	/* Counters only rise: an emptied book begins to count anew, and they stay until it is beyond. */
	int64_t more = (int64_t)feed->events - metric_value(tally->events);
	metric_add(tally->events, more > 0 ? more : 0);
	metric_add(tally->said, (int64_t)sight->said - metric_value(tally->said));
	metric_set(tally->rejects, (int64_t)feed->rejects);
	metric_set(tally->up, sight->up);
	metric_set(tally->live, sight->live);
	metric_set(tally->lag, behind_us > 0 ? behind_us / 1000000 : 0);
	metric_set(tally->position, (int64_t)feed->position);
	metric_set(tally->waiting, (int64_t)feed->waiting);
	metric_set(tally->refused, (int64_t)feed->refused);
	metric_set(tally->missing, (int64_t)feed->missing);
	metric_set(tally->book, (int64_t)sight->book_bytes);
	metric_set(tally->generation, (int64_t)sight->generation);
	metric_set(tally->reload_failed, sight->reload_failed);
	tally_save(tally);
}
