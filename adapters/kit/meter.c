#include "kit/meter.h"

#include <stdlib.h>

#include "kit/metrics_file.h"

struct meter {
	const struct kit_adapter *adapter;
	void *source;
	struct metrics_file *file;

	struct metric *accepted;
	struct metric *duplicates;
	struct metric *conflicts;
	struct metric *refused;
	struct metric *put_off;
	struct metric *rejected;
	struct metric *spooled;
	struct metric *lost;
	struct metric *unwritten;
	struct metric *traces_dropped;
	struct metric *up;
	struct metric *under_way;
	struct metric *by_spool;
	struct metric *full;
	struct metric *records;
	struct metric *bytes;
	struct metric *oldest;
	struct metric *generation;
	struct metric *reload_failed;
	struct metric *last_receipt;
	uint64_t told; /* generation as of the last writing */
	bool told_failed;
};

static struct metric *meter_outcome(
	struct metrics *metrics, const char *program, const char *outcome)
{
	return metric_counter(metrics, "carehub_adapter_events", "Events with an answer.",
		"adapter", program, "outcome", outcome, NULL);
}

static void meter_make(struct meter *meter, const char *program)
{
	struct metrics *metrics = metrics_file_metrics(meter->file);
	meter->accepted = meter_outcome(metrics, program, "accepted");
	meter->duplicates = meter_outcome(metrics, program, "duplicate");
	meter->conflicts = meter_outcome(metrics, program, "conflict");
	meter->refused = meter_outcome(metrics, program, "refused");
	meter->put_off = meter_outcome(metrics, program, "put_off");
	meter->rejected = metric_counter(metrics, "carehub_adapter_rejects",
		"What the source had and was no event.", "adapter", program, NULL);
	meter->spooled = metric_counter(metrics, "carehub_adapter_spooled_events",
		"Events that were let go of at the source before they had a receipt.", "adapter",
		program, NULL);
	meter->lost = metric_counter(metrics, "carehub_adapter_spool_lost_events",
		"Events that could not be read from the spool again.", "adapter", program, NULL);
	meter->unwritten = metric_counter(metrics, "carehub_adapter_rejects_unwritten",
		"Rejects and refusals that could not be written to their file.", "adapter", program,
		NULL);
	meter->traces_dropped = metric_counter(metrics, "carehub_adapter_traces_dropped",
		"Trace contexts that were none to go on with.", "adapter", program, NULL);
	meter->up = metric_gauge(
		metrics, "carehub_adapter_up", "The hub is connected.", "adapter", program, NULL);
	meter->under_way = metric_gauge(metrics, "carehub_adapter_under_way",
		"Events that were sent and have no answer.", "adapter", program, NULL);
	meter->by_spool = metric_gauge(metrics, "carehub_adapter_by_spool",
		"Events go by way of the spool.", "adapter", program, NULL);
	meter->full = metric_gauge(metrics, "carehub_adapter_spool_full",
		"The spool is full, and the source waits.", "adapter", program, NULL);
	meter->records = metric_gauge(metrics, "carehub_adapter_spool_events",
		"Events in the spool.", "adapter", program, NULL);
	meter->bytes = metric_gauge(metrics, "carehub_adapter_spool_bytes",
		"What the spool takes on the disk.", "adapter", program, NULL);
	meter->oldest = metric_gauge(metrics, "carehub_adapter_spool_oldest_seconds",
		"How long the oldest event in the spool has waited.", "adapter", program, NULL);
	meter->generation = metric_gauge(metrics, "carehub_adapter_config_generation",
		"Of the configuration that is active, counted from the start.", "adapter", program,
		NULL);
	meter->reload_failed = metric_gauge(metrics, "carehub_adapter_config_reload_failed",
		"The last reload was refused, and the generation before it is active.", "adapter",
		program, NULL);
	meter->last_receipt =
		metric_gauge(metrics, "carehub_adapter_last_receipt_timestamp_seconds",
			"When the hub last gave a receipt; 0: not yet.", "adapter", program, NULL);
}

enum ch_status meter_create(
	const struct kit_adapter *adapter, void *source, const char *path, struct meter **out_meter)
{
	if (path == NULL)
		return CH_OK;
	struct meter *meter = calloc(1, sizeof(*meter));
	if (meter == NULL)
		return CH_NOMEM;
	enum ch_status status = metrics_file_create(path, &meter->file);
	if (status != CH_OK) {
		meter_free(meter);
		return status;
	}
	meter->adapter = adapter;
	meter->source = source;
	meter_make(meter, adapter->program);
	*out_meter = meter;
	return CH_OK;
}

/* Counters only know how to rise. */
static void meter_raise(struct metric *counter, uint64_t total)
{
	metric_add(counter, (int64_t)total - metric_value(counter));
}

void meter_tell(struct meter *meter, const struct kit_counts *counts, const struct relay *relay,
	const struct run_life *life)
{
	if (meter != NULL && (metrics_file_is_due(meter->file) || life->generation != meter->told ||
				     life->reload_failed != meter->told_failed))
		meter_write(meter, counts, relay, life);
}

void meter_write(struct meter *meter, const struct kit_counts *counts, const struct relay *relay,
	const struct run_life *life)
{
	struct relay_state state;
	if (meter == NULL)
		return;
	meter->told = life->generation;
	meter->told_failed = life->reload_failed;
	relay_look(relay, &state);
	meter_raise(meter->accepted, counts->accepted);
	meter_raise(meter->duplicates, counts->duplicates);
	meter_raise(meter->conflicts, counts->conflicts);
	meter_raise(meter->refused, counts->refused);
	meter_raise(meter->put_off, counts->put_off);
	meter_raise(meter->rejected, counts->rejected);
	meter_raise(meter->spooled, counts->spooled);
	meter_raise(meter->lost, counts->lost);
	meter_raise(meter->unwritten, counts->unwritten);
	meter_raise(meter->traces_dropped, counts->traces_dropped);
	metric_set(meter->up, state.up);
	metric_set(meter->under_way, (int64_t)state.under_way);
	metric_set(meter->by_spool, state.by_spool);
	metric_set(meter->full, state.full);
	metric_set(meter->records, (int64_t)state.spool_records);
	metric_set(meter->bytes, (int64_t)state.spool_bytes);
	metric_set(meter->oldest, state.spool_oldest_us / 1000000);
	metric_set(meter->generation, (int64_t)life->generation);
	metric_set(meter->reload_failed, life->reload_failed);
	metric_set(meter->last_receipt, counts->last_receipt_us / 1000000);
	if (meter->adapter->count != NULL)
		meter->adapter->count(meter->source, metrics_file_metrics(meter->file));
	metrics_file_write(meter->file);
}

void meter_free(struct meter *meter)
{
	if (meter == NULL)
		return;
	metrics_file_free(meter->file);
	free(meter);
}
