#include "daemon/pages.h"

#include <stdlib.h>

#include "base/timekeeper.h"
#include "console/health.h"
#include "console/index.h"
#include "console/metrics.h"
#include "net/http.h"

#define LOOK_MS 500 /* how old what /readyz says may be */

/* Above it the projector does not keep up: new work had better go elsewhere. */
#define PRESSURE_READY 150u

struct pages {
	struct pages_options options;
	struct http *http;
	struct health *health;
	struct loop_timer *look;
	struct {
		struct metric *head, *first, *journal_bytes, *archive_bytes, *damaged;
		struct metric *applied, *pressure, *store_bytes, *inbox_items;
		struct metric *disk_free, *sessions, *held;
		struct metric *clock_held, *clock_ahead;
		struct metric *quarantined, *reviews, *deadlines;
		struct metric *queued, *batch_us, *batch_max_us;
		struct metric *subscriptions, *attached, *suspended, *worst_lag;
		struct metric *dead_letters, *jobs;
		struct metric *cases[CORE_CASE_KINDS][CORE_CASE_SEVERITIES];
		struct metric *breached[CORE_CASE_KINDS][CORE_CASE_SEVERITIES];
	} gauges;
	struct {
		struct metric *accepted, *duplicates, *conflicts, *quarantined, *refused, *retried;
		struct metric *batches, *syncs, *written, *checkpoints;
		struct metric *deliveries, *redeliveries, *acks, *failures;
	} counters;
};

/* ---- /metrics ---- */

/* A counter that somebody else counts: brought up to what he says. */
static void pages_count(struct metric *metric, uint64_t now)
{
	int64_t more = (int64_t)now - metric_value(metric);
	if (more > 0)
		metric_add(metric, more);
}

static void pages_update_ingest(struct pages *pages)
{
	struct ingest_stats stats;
	ingest_stats(pages->options.ingest, &stats);
	pages_count(pages->counters.accepted, stats.accepted);
	pages_count(pages->counters.duplicates, stats.duplicates);
	pages_count(pages->counters.conflicts, stats.conflicts);
	pages_count(pages->counters.quarantined, stats.quarantined);
	pages_count(pages->counters.refused, stats.refused);
	pages_count(pages->counters.retried, stats.retried);
	pages_count(pages->counters.batches, stats.batches);
	struct core_open open = ingest_open(pages->options.ingest);
	metric_set(pages->gauges.quarantined, (int64_t)open.quarantined);
	metric_set(pages->gauges.reviews, (int64_t)open.reviews);
	metric_set(pages->gauges.deadlines, (int64_t)open.deadlines);
	for (size_t kind = 0; kind < CORE_CASE_KINDS; kind++) {
		for (size_t i = 0; i < CORE_CASE_SEVERITIES; i++) {
			metric_set(pages->gauges.cases[kind][i], (int64_t)open.cases.open[kind][i]);
			metric_set(pages->gauges.breached[kind][i],
				(int64_t)open.cases.breached[kind][i]);
		}
	}
	metric_set(pages->gauges.queued, (int64_t)stats.queued);
	metric_set(pages->gauges.batch_us, (int64_t)stats.batch_last_us);
	metric_set(pages->gauges.batch_max_us, (int64_t)stats.batch_max_us);
}

static void pages_update_fanout(struct pages *pages)
{
	struct fanout_stats stats;
	fanout_stats(pages->options.fanout, &stats);
	metric_set(pages->gauges.subscriptions, (int64_t)stats.subscriptions);
	metric_set(pages->gauges.attached, (int64_t)stats.attached);
	metric_set(pages->gauges.suspended, (int64_t)stats.suspended);
	metric_set(pages->gauges.worst_lag, (int64_t)stats.worst_lag);
	metric_set(pages->gauges.dead_letters, (int64_t)stats.dead_letters);
	metric_set(pages->gauges.jobs, (int64_t)stats.jobs);
	pages_count(pages->counters.deliveries, stats.deliveries);
	pages_count(pages->counters.redeliveries, stats.redeliveries);
	pages_count(pages->counters.acks, stats.acks);
	pages_count(pages->counters.failures, stats.failures);
}

static void pages_update_clock(struct pages *pages)
{
	struct timekeeper_view view = timekeeper_view(pages->options.clock);
	metric_set(pages->gauges.clock_held, view.held);
	metric_set(pages->gauges.clock_ahead, (view.machine_us - view.hub_us) / 1000000);
}

static void pages_update(void *context)
{
	struct pages *pages = context;
	const struct pages_options *options = &pages->options;
	struct journal *journal = options->engine->journal;
	struct state *state = options->engine->state;
	const struct journal_recovery *recovery = &options->engine->recovery;
	struct journal_stats written;
	struct state_stats kept;
	journal_stats(journal, &written);
	state_stats(state, &kept);
	metric_set(pages->gauges.head, (int64_t)journal_head(journal));
	metric_set(pages->gauges.first, (int64_t)journal_first(journal));
	metric_set(pages->gauges.journal_bytes, (int64_t)written.segment_bytes_on_disk);
	metric_set(pages->gauges.archive_bytes, (int64_t)written.archive_bytes);
	metric_set(pages->gauges.damaged,
		(int64_t)written.damaged_segments + (recovery->damaged_first != 0));
	metric_set(pages->gauges.applied, (int64_t)state_applied(state));
	metric_set(pages->gauges.pressure, (int64_t)state_pressure(state));
	metric_set(pages->gauges.store_bytes, (int64_t)(kept.lmdb_bytes + kept.inbox_bytes));
	metric_set(pages->gauges.inbox_items, (int64_t)kept.inbox_items);
	metric_set(pages->gauges.disk_free, (int64_t)keeper_thread_free_bytes(options->keeper));
	metric_set(pages->gauges.sessions, (int64_t)bus_sessions(options->bus));
	metric_set(pages->gauges.held, ingest_held(options->ingest) != NULL);
	pages_update_clock(pages);
	pages_count(pages->counters.syncs, written.syncs);
	pages_count(pages->counters.written, written.bytes_written);
	pages_count(pages->counters.checkpoints, kept.checkpoints);
	pages_update_ingest(pages);
	pages_update_fanout(pages);
}

static struct metric *pages_outcome(struct metrics *metrics, const char *outcome)
{
	return metric_counter(metrics, "carehub_ingest_events", "Events by what became of them.",
		"outcome", outcome, NULL);
}

static void pages_make_fanout_metrics(struct pages *pages)
{
	struct metrics *m = pages->options.metrics;
	pages->gauges.subscriptions =
		metric_gauge(m, "carehub_subscriptions", "Subscriptions.", NULL);
	pages->gauges.attached =
		metric_gauge(m, "carehub_subscriptions_attached", "Those with a subscriber.", NULL);
	pages->gauges.suspended = metric_gauge(m, "carehub_subscriptions_suspended",
		"Those that lagged beyond their bound.", NULL);
	pages->gauges.worst_lag = metric_gauge(m, "carehub_subscription_worst_lag_events",
		"Entries that the slowest is behind.", NULL);
	pages->gauges.dead_letters =
		metric_gauge(m, "carehub_dead_letters", "Deliveries that were set aside.", NULL);
	pages->gauges.jobs =
		metric_gauge(m, "carehub_replays", "Replay jobs that have not ended.", NULL);
	pages->counters.deliveries =
		metric_counter(m, "carehub_deliveries", "Deliveries that were sent.", NULL);
	pages->counters.redeliveries = metric_counter(
		m, "carehub_redeliveries", "Those of them that were sent again.", NULL);
	pages->counters.acks =
		metric_counter(m, "carehub_acks", "Deliveries that were acknowledged.", NULL);
	pages->counters.failures =
		metric_counter(m, "carehub_delivery_failures", "Deliveries that failed.", NULL);
}

/* By CaseKind and Severity, as `carehub cases` names them. */
static void pages_make_case_metrics(struct pages *pages)
{
	static const char *const kinds[CORE_CASE_KINDS] = {"unspecified", "consult", "sales",
		"repair", "status", "complaint", "outbound", "other"};
	static const char *const severities[CORE_CASE_SEVERITIES] = {
		"unspecified", "low", "normal", "high", "critical"};
	struct metrics *m = pages->options.metrics;
	for (size_t kind = 0; kind < CORE_CASE_KINDS; kind++) {
		for (size_t i = 0; i < CORE_CASE_SEVERITIES; i++) {
			pages->gauges.cases[kind][i] =
				metric_gauge(m, "carehub_cases_open", "Cases that are not closed.",
					"kind", kinds[kind], "severity", severities[i], NULL);
			pages->gauges.breached[kind][i] = metric_gauge(m, "carehub_cases_breached",
				"Those of them that have climbed a ladder: a promise was missed, or "
				"somebody raised them.",
				"kind", kinds[kind], "severity", severities[i], NULL);
		}
	}
}

static void pages_make_metrics(struct pages *pages)
{
	struct metrics *m = pages->options.metrics;
	pages->gauges.head =
		metric_gauge(m, "carehub_journal_head", "Sequence of the last synced entry.", NULL);
	pages->gauges.first =
		metric_gauge(m, "carehub_journal_first", "Oldest sequence that is kept.", NULL);
	pages->gauges.journal_bytes = metric_gauge(
		m, "carehub_journal_bytes", "Segment files, spare ones included.", NULL);
	pages->gauges.archive_bytes =
		metric_gauge(m, "carehub_archive_bytes", "Compressed history.", NULL);
	pages->gauges.damaged = metric_gauge(m, "carehub_journal_damage",
		"Places of the journal that are known to be damaged.", NULL);
	pages->gauges.applied = metric_gauge(
		m, "carehub_store_applied", "Last sequence that is in the store.", NULL);
	pages->gauges.pressure = metric_gauge(m, "carehub_store_pressure_percent",
		"Unwritten changes in per cent of their bound.", NULL);
	pages->gauges.store_bytes =
		metric_gauge(m, "carehub_store_bytes", "Records and inbox on disk.", NULL);
	pages->gauges.inbox_items =
		metric_gauge(m, "carehub_inbox_items", "Event ids that are known on disk.", NULL);
	pages->gauges.disk_free =
		metric_gauge(m, "carehub_disk_free_bytes", "Free where the data lies.", NULL);
	pages->gauges.sessions = metric_gauge(m, "carehub_sessions", "Connected clients.", NULL);
	pages->gauges.held =
		metric_gauge(m, "carehub_ingest_held", "1 while no input is taken.", NULL);
	pages->gauges.clock_held = metric_gauge(m, "carehub_clock_held",
		"1 while the machine's clock has jumped and is not believed.", NULL);
	pages->gauges.clock_ahead = metric_gauge(m, "carehub_clock_ahead_seconds",
		"The machine's clock before the hub's time.", NULL);
	pages->gauges.quarantined = metric_gauge(m, "carehub_quarantine_open",
		"Events that were set aside and wait for a decision.", NULL);
	pages->gauges.reviews =
		metric_gauge(m, "carehub_reviews_open", "Questions for stewards.", NULL);
	pages->gauges.deadlines =
		metric_gauge(m, "carehub_deadlines_open", "Promises that are running.", NULL);
	pages->gauges.queued =
		metric_gauge(m, "carehub_ingest_queued", "Events without a receipt.", NULL);
	pages->gauges.batch_us = metric_gauge(
		m, "carehub_batch_last_microseconds", "How long the last batch took.", NULL);
	pages->gauges.batch_max_us = metric_gauge(m, "carehub_batch_longest_microseconds",
		"The longest batch since the last look.", NULL);
	pages->counters.accepted = pages_outcome(m, "accepted");
	pages->counters.duplicates = pages_outcome(m, "duplicate");
	pages->counters.conflicts = pages_outcome(m, "conflict");
	pages->counters.quarantined = pages_outcome(m, "quarantined");
	pages->counters.refused = pages_outcome(m, "refused");
	pages->counters.retried = pages_outcome(m, "retry_after");
	pages->counters.batches =
		metric_counter(m, "carehub_batches", "Batches that were decided.", NULL);
	pages->counters.syncs =
		metric_counter(m, "carehub_journal_syncs", "Syncs of the journal.", NULL);
	pages->counters.written = metric_counter(
		m, "carehub_journal_written_bytes", "Bytes that batches wrote.", NULL);
	pages->counters.checkpoints =
		metric_counter(m, "carehub_store_checkpoints", "Checkpoints of the store.", NULL);
	pages_make_case_metrics(pages);
	pages_make_fanout_metrics(pages);
	metrics_on_write(m, pages_update, pages);
}

/* ---- /readyz ---- */

static void pages_look(void *context)
{
	struct pages *pages = context;
	const struct pages_options *options = &pages->options;
	enum ch_status journal = journal_status(options->engine->journal);
	enum ch_status state = state_status(options->engine->state);
	health_set(pages->health, "journal", journal != CH_OK ? ch_status_text(journal) : NULL);
	health_set(pages->health, "store",
		state != CH_OK ? ch_status_text(state)
		: state_pressure(options->engine->state) >= PRESSURE_READY
			? "the store does not keep up"
			: NULL);
	health_set(pages->health, "input", ingest_held(options->ingest));
	health_note(pages->health, "clock", timekeeper_view(options->clock).held ? "held" : NULL);
}

static enum ch_status pages_serve(struct pages *pages)
{
	static const char *const conditions[] = {"journal", "store", "input", "clock"};
	pages->health = health_create();
	if (pages->health == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		health_expect(pages->health, conditions[i]);
	index_serve(pages->http);
	health_serve(pages->health, pages->http);
	metrics_serve(pages->options.metrics, pages->http);
	pages_make_metrics(pages);
	pages_look(pages);
	enum ch_status status =
		loop_timer_create(pages->options.loop, pages_look, pages, &pages->look);
	if (status == CH_OK)
		loop_timer_start(pages->look, LOOK_MS, LOOK_MS);
	return status;
}

/* ---- Life ---- */

enum ch_status pages_open(const struct pages_options *options, struct pages **out_pages)
{
	struct http_options http = {
		.address = options->settings->http_listen, .metrics = options->metrics};
	if (http.address == NULL || http.address[0] == 0)
		return CH_OK;
	struct pages *pages = calloc(1, sizeof(*pages));
	if (pages == NULL)
		return CH_NOMEM;
	pages->options = *options;
	enum ch_status status = http_open(options->loop, &http, &pages->http);
	if (status == CH_OK)
		status = pages_serve(pages);
	if (status == CH_OK) {
		*out_pages = pages;
		pages = NULL;
	}
	pages_close(pages);
	return status;
}

void pages_close(struct pages *pages)
{
	if (pages == NULL)
		return;
	if (pages->look != NULL)
		loop_timer_free(pages->look);
	if (pages->http != NULL)
		http_close(pages->http);
	health_free(pages->health);
	free(pages);
}

int pages_port(const struct pages *pages)
{
	return pages != NULL ? http_port(pages->http) : 0;
}
