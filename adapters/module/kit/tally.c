#include "module/kit/tally.h"

#include <stdlib.h>

#include "kit/metrics_file.h"

struct tally {
	struct metrics_file *file;
	bool told_live;
	uint64_t told_generation;

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
	struct metrics *metrics = metrics_file_metrics(tally->file);
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
	struct tally *tally = calloc(1, sizeof(*tally));
	if (tally == NULL)
		return CH_NOMEM;
	enum ch_status status = metrics_file_create(path, &tally->file);
	if (status != CH_OK) {
		tally_free(tally);
		return status;
	}
	tally_make(tally, program);
	*out_tally = tally;
	return CH_OK;
}

void tally_free(struct tally *tally)
{
	if (tally == NULL)
		return;
	metrics_file_free(tally->file);
	free(tally);
}

struct metrics *tally_metrics(struct tally *tally)
{
	return metrics_file_metrics(tally->file);
}

void tally_tell(struct tally *tally, const struct tally_sight *sight, bool now)
{
	const struct feed_state *feed = &sight->feed;
	if (!metrics_file_is_read(tally->file) ||
		!(now || metrics_file_is_due(tally->file) || sight->live != tally->told_live ||
			sight->generation != tally->told_generation))
		return;
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
	metrics_file_write(tally->file);
}
