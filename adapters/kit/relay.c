#include "kit/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "kit/relay_inside.h"

#define SYNC_US 20000   /* what was appended is synced together, after so long at most */
#define SAVE_US 1000000 /* how often the spool's cursor is written down */

/* ---- Flights ---- */

struct flight *relay_flight(struct relay *relay)
{
	struct flight *flight = relay->spare;
	if (flight == NULL)
		return flight_create();
	relay->spare = flight->newer;
	relay->spare_count--;
	*flight = (struct flight){.token = 0};
	return flight;
}

void relay_flight_free(struct relay *relay, struct flight *flight)
{
	if (flight == NULL || relay->spare_count == RELAY_SPARE_FLIGHTS) {
		flight_free(flight);
		return;
	}
	buffer_fini(&flight->event);
	buffer_fini(&flight->origin);
	flight->newer = relay->spare;
	relay->spare = flight;
	relay->spare_count++;
}

/* ---- What became of them ---- */

static void relay_count(struct kit_counts *counts, const struct ch_receipt *receipt)
{
	switch (receipt->outcome) {
	case CH_OUTCOME_ACCEPTED:
		counts->accepted++;
		break;
	case CH_OUTCOME_DUPLICATE:
		counts->duplicates++;
		break;
	case CH_OUTCOME_CONFLICT:
		counts->conflicts++;
		break;
	case CH_OUTCOME_REFUSED:
		counts->refused++;
		break;
	case CH_OUTCOME_RETRY_AFTER:
		counts->put_off++;
		break;
	default:
		break; /* no answer: it comes again */
	}
}

/* One that stands in the spool has landed: first its receipt is told, then the spool lets go of it. */
static enum ch_status relay_settle_spooled(struct relay *relay, struct flight *flight)
{
	enum ch_status status = CH_NOT_FOUND;
	enum ch_outcome outcome = flight->receipt.outcome;
	if (outcome == CH_OUTCOME_NONE)
		return CH_OK; /* it comes again, in another life */
	relay_count(relay->counts, &flight->receipt);
	if (relay->adapter->late != NULL)
		status = relay->adapter->late(
			relay->source, buffer_slice(&flight->origin), &flight->receipt);
	if (status == CH_NOT_FOUND && outcome != CH_OUTCOME_ACCEPTED &&
		outcome != CH_OUTCOME_DUPLICATE)
		status = relay_reject_spooled(relay, flight);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	relay->drained++;
	status = spool_done(relay->spool, flight->number);
	return status == CH_FULL ? CH_OK
				 : status; /* no room for the cursor: an old one does no harm */
}

void relay_tell(struct relay *relay, const struct kit_settled *settled)
{
	relay->settled++;
	relay->adapter->settle(relay->source, settled);
}

static enum ch_status relay_settle(struct relay *relay, struct flight *flight)
{
	enum ch_status status = CH_OK;
	relay_note_refusal(relay, flight);
	if (flight->number != 0) {
		relay->draining -= flight->from_spool;
		status = relay_settle_spooled(relay, flight);
	} else if (flight->given_up) {
		relay_count(relay->counts, &flight->receipt);
	} else {
		struct kit_settled settled = {.token = flight->token,
			.status = flight->status,
			.receipt = flight->receipt};
		relay_count(relay->counts, &flight->receipt);
		relay_tell(relay, &settled);
	}
	if (relay->watermark != NULL)
		watermark_settle(relay->watermark, flight->mark);
	relay_flight_free(relay, flight);
	return status;
}

static enum ch_status relay_land(struct relay *relay)
{
	struct flight *flight = courier_take(relay->courier);
	enum ch_status status = CH_OK;
	bool heard = false;
	while (flight != NULL) {
		heard = heard || flight->receipt.outcome != CH_OUTCOME_NONE;
		enum ch_status settled = relay_settle(relay, flight);
		if (status == CH_OK)
			status = settled;
		flight = courier_take(relay->courier);
	}
	if (heard) /* once, whatever they were */
		relay->counts->last_receipt_us = clock_wall_us();
	return status;
}

enum ch_status relay_settle_unsent(
	struct relay *relay, struct flight *flight, enum ch_status status)
{
	flight->status = status;
	flight->receipt.outcome = CH_OUTCOME_REFUSED;
	flight->receipt.reason = status;
	(void)snprintf(flight->receipt.detail, sizeof(flight->receipt.detail), "%s",
		ch_status_text(status)); /* a sentence fits */
	return relay_settle(relay, flight);
}

/* ---- Into the spool ---- */

/* Full until a quarter of it is free again, or the log would tell of every event. */
static void relay_tell_full(struct relay *relay, bool full)
{
	struct spool_state state;
	spool_look(relay->spool, &state);
	bool roomy = state.bytes < (uint64_t)relay->settings->spool_max_bytes / 4 * 3;
	if (relay->full == full || (!full && !roomy))
		return;
	relay->full = full;
	log_event(full ? LOG_WARNING : LOG_INFO, full ? "spool.full" : "spool.room",
		"adapter=%s records=%llu bytes=%llu", relay->adapter->program,
		(unsigned long long)state.records, (unsigned long long)state.bytes);
}

/* Only what is synced is let go of at the source. */
static enum ch_status relay_sync(struct relay *relay)
{
	if (relay->unsynced_count == 0)
		return CH_OK;
	enum ch_status status = spool_sync(relay->spool);
	for (uint32_t i = 0; i < relay->unsynced_count && status == CH_OK; i++) {
		struct kit_settled settled = {
			.token = relay->unsynced[i], .status = CH_OK, .spooled = true};
		relay->counts->spooled++;
		relay_tell(relay, &settled);
	}
	if (status == CH_OK)
		relay->unsynced_count = 0;
	return status;
}

static enum ch_status relay_append(struct relay *relay, uint64_t token,
	const struct spool_record *record, uint64_t *out_number)
{
	enum ch_status status = CH_OK;
	if (relay->unsynced_count == RELAY_SYNC_EVENTS)
		status = relay_sync(relay);
	if (status == CH_OK)
		status = spool_append(relay->spool, record, out_number);
	if (status != CH_OK)
		return status;
	if (relay->unsynced_count == 0)
		relay->unsynced_since_us = clock_steady_us();
	relay->unsynced[relay->unsynced_count++] = token;
	return CH_OK;
}

/* What stands in the spool brings its own checkpoint: it is sent whatever happens, and in order. */
static void relay_forget_marks(struct relay *relay)
{
	if (relay->watermark == NULL)
		return;
	for (struct flight *flight = courier_oldest(relay->courier); flight != NULL;
		flight = flight->newer) {
		if (flight->number == 0)
			continue;
		watermark_drop(relay->watermark, flight->mark);
		flight->mark = NULL;
	}
	watermark_forget(relay->watermark);
}

/* The hub does not answer: from now on by spool, what is under way first.  When there is no room for all of
 * that, the rest is settled by its receipts, as it would have been. */
static enum ch_status relay_begin_spool(struct relay *relay)
{
	enum ch_status status = CH_OK;
	uint64_t moved = 0;
	for (struct flight *flight = courier_oldest(relay->courier);
		flight != NULL && status == CH_OK; flight = flight->newer) {
		const struct spool_record record = {.since_us = flight->since_us,
			.origin = buffer_slice(&flight->origin),
			.event = buffer_slice(&flight->event)};
		status = relay_append(relay, flight->token, &record, &flight->number);
		if (status != CH_OK)
			break;
		buffer_fini(&flight->event);
		moved++;
	}
	if (status == CH_FULL)
		status = CH_OK;
	if (status == CH_OK)
		status = relay_sync(relay);
	if (status != CH_OK)
		return status;
	relay_forget_marks(relay);
	spool_skip(relay->spool);
	relay->by_spool = true;
	relay->drained = 0;
	log_warning("spool.begins", "adapter=%s silence_ms=%lld under_way=%llu",
		relay->adapter->program, (long long)(courier_silence_us(relay->courier) / 1000),
		(unsigned long long)moved);
	return CH_OK;
}

static enum ch_status relay_put_by_spool(struct relay *relay, const struct kit_item *item)
{
	struct buffer event = {0};
	struct buffer origin = {0};
	struct envelope envelope = *item->envelope;
	uint64_t number;
	/* Its own, unless something before it found no room in the spool and is still under way. */
	if (relay->watermark != NULL)
		envelope.checkpoint =
			watermark_cover(relay->watermark, envelope.source, envelope.checkpoint);
	envelope_encode(&envelope, &event);
	relay_put_origin(relay, item, &origin);
	const struct spool_record record = {
		.since_us = item->since_us != 0 ? item->since_us : clock_wall_us(),
		.origin = buffer_slice(&origin),
		.event = buffer_slice(&event)};
	enum ch_status status = event.status != CH_OK ? event.status : origin.status;
	if (status == CH_OK)
		status = relay_append(relay, item->token, &record, &number);
	buffer_fini(&event);
	buffer_fini(&origin);
	return status;
}

/* ---- To the hub ---- */

int64_t relay_waited_us(int64_t since_us)
{
	return since_us != 0 ? clock_wall_us() - since_us : 0;
}

bool relay_is_for_now(enum ch_status status)
{
	return status == CH_FULL || status == CH_NOMEM || status == CH_CLOSED;
}

enum ch_status relay_put_straight(struct relay *relay, const struct kit_item *item)
{
	struct flight *flight = relay_flight(relay);
	if (flight == NULL)
		return CH_NOMEM;
	flight->token = item->token;
	flight->since_us = item->since_us;
	enum ch_status status = CH_OK;
	if (relay->spool != NULL && flight->since_us == 0)
		flight->since_us = clock_wall_us();
	if (relay->spool != NULL)
		envelope_encode(item->envelope, &flight->event);
	if (relay->spool != NULL || relay->settings->rejects != NULL)
		relay_put_origin(relay, item, &flight->origin);
	if (flight->event.status != CH_OK || flight->origin.status != CH_OK)
		status = CH_NOMEM;
	struct envelope envelope = *item->envelope;
	if (relay->watermark != NULL && status == CH_OK) {
		envelope.checkpoint = watermark_cover(
			relay->watermark, envelope.source, item->envelope->checkpoint);
		status = watermark_add(relay->watermark, envelope.source,
			item->envelope->checkpoint, &flight->mark);
	}
	if (status == CH_OK)
		status = courier_send(
			relay->courier, &envelope, relay_waited_us(flight->since_us), &flight);
	if (status == CH_OK)
		return CH_OK;
	if (relay_is_for_now(status)) {
		if (relay->watermark != NULL)
			watermark_drop(relay->watermark, flight->mark);
		relay_flight_free(relay, flight);
		return status; /* the source gives it again */
	}
	return relay_settle_unsent(relay, flight, status);
}

/* What has a receipt counts until it is told: so much comes again after a crash, and no more. */
static bool relay_window_is_full(const struct relay *relay)
{
	return courier_under_way(relay->courier) >= (uint64_t)relay->settings->window;
}

enum ch_status relay_put(struct relay *relay, const struct kit_item *item)
{
	if (relay->adapter->prompt)
		return relay_put_prompt(relay, item);
	if (!relay->by_spool)
		return relay_window_is_full(relay) ? CH_FULL : relay_put_straight(relay, item);
	enum ch_status status = relay_put_by_spool(relay, item);
	relay_tell_full(relay, status == CH_FULL);
	if (status != CH_TOO_LARGE)
		return status;
	struct flight *flight = relay_flight(relay);
	if (flight == NULL)
		return CH_NOMEM;
	flight->token = item->token;
	return relay_settle_unsent(relay, flight, status);
}

/* ---- From time to time ---- */

static void relay_end_spool(struct relay *relay)
{
	struct spool_state state;
	spool_look(relay->spool, &state);
	if (state.records > 0 || courier_under_way(relay->courier) > 0)
		return;
	relay->by_spool = false;
	relay_tell_full(relay, false);
	log_info("spool.ends", "adapter=%s drained=%llu", relay->adapter->program,
		(unsigned long long)relay->drained);
}

static enum ch_status relay_tend_spool(struct relay *relay)
{
	int64_t now_us = clock_steady_us();
	enum ch_status status = CH_OK;
	if (!relay->by_spool &&
		courier_silence_us(relay->courier) > relay->settings->spool_patience_ms * 1000)
		status = relay_begin_spool(relay);
	if (status == CH_OK && now_us - relay->unsynced_since_us >= SYNC_US)
		status = relay_sync(relay);
	if (status == CH_OK && relay->by_spool)
		status = relay_drain(relay);
	if (status == CH_OK && now_us - relay->saved_us >= SAVE_US) {
		relay->saved_us = now_us;
		status = spool_save(relay->spool);
		if (status == CH_FULL)
			status = CH_OK; /* as in relay_settle_spooled */
	}
	if (status == CH_OK && relay->by_spool)
		relay_end_spool(relay);
	return status;
}

int64_t relay_due_us(const struct relay *relay, int64_t latest_us)
{
	const int64_t times_us[] = {
		relay->unsynced_count > 0 ? relay->unsynced_since_us + SYNC_US : INT64_MAX,
		relay->by_spool ? relay_drain_due_us(relay) : INT64_MAX,
		relay->adapter->prompt ? relay_give_up_due_us(relay) : INT64_MAX,
	};
	int64_t due_us = latest_us;
	for (size_t i = 0; i < sizeof(times_us) / sizeof(*times_us); i++)
		due_us = times_us[i] < due_us ? times_us[i] : due_us;
	return due_us;
}

enum ch_status relay_tend(struct relay *relay)
{
	enum ch_status status = relay_land(relay);
	if (relay->adapter->prompt)
		relay_give_up(relay);
	return status == CH_OK && relay->spool != NULL ? relay_tend_spool(relay) : status;
}

bool relay_has_landed(struct relay *relay)
{
	return courier_has_landed(relay->courier);
}

struct courier *relay_courier(const struct relay *relay)
{
	return relay->courier;
}

uint64_t relay_settled(const struct relay *relay)
{
	return relay->settled;
}

/* ---- Opening and closing ---- */

static enum ch_status relay_open_spool(struct relay *relay)
{
	const struct spool_options options = {
		relay->settings->spool_directory, (uint64_t)relay->settings->spool_max_bytes};
	struct spool_state state;
	const char *program = relay->adapter->program;
	if (options.directory == NULL)
		return CH_OK;
	enum ch_status status = spool_open(&options, &relay->spool);
	if (status != CH_OK) {
		log_error("spool.open", "adapter=%s directory=\"%s\" status=%s", program,
			options.directory, ch_status_name(status));
		return status;
	}
	spool_look(relay->spool, &state);
	relay->by_spool = state.records > 0;
	if (state.records > 0 || state.torn_bytes > 0)
		log_info("spool.opened", "adapter=%s records=%llu bytes=%llu torn_bytes=%llu",
			program, (unsigned long long)state.records, (unsigned long long)state.bytes,
			(unsigned long long)state.torn_bytes);
	if (state.started_over)
		log_warning("spool.cursor",
			"adapter=%s detail=\"cannot be read: all is sent anew\"", program);
	return CH_OK;
}

enum ch_status relay_open(const struct kit_adapter *adapter, void *source,
	const struct kit_settings *settings, struct kit_counts *counts, struct bell *bell,
	struct relay **out_relay)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	if (relay == NULL)
		return CH_NOMEM;
	relay->adapter = adapter;
	relay->source = source;
	relay->settings = settings;
	relay->counts = counts;
	pace_init(&relay->pace, (uint64_t)settings->spool_drain_rate);
	enum ch_status status = relay_open_spool(relay);
	if (status == CH_OK && adapter->checkpoint_source != NULL) {
		relay->watermark = watermark_create();
		status = relay->watermark != NULL ? CH_OK : CH_NOMEM;
	}
	if (status == CH_OK) {
		status = courier_open(&(struct courier_options){.settings = settings,
					      .program = adapter->program,
					      .retry = !adapter->prompt,
					      .checkpoint_source = adapter->checkpoint_source,
					      .source = source,
					      .bell = bell},
			&relay->courier);
		if (status != CH_OK)
			log_error("hub.connect", "adapter=%s endpoint=%s status=%s",
				adapter->program, settings->endpoint, ch_status_name(status));
	}
	if (status != CH_OK) {
		relay_close(relay);
		return status;
	}
	*out_relay = relay;
	return CH_OK;
}

void relay_end(struct relay *relay)
{
	if (relay->courier != NULL) {
		courier_end(relay->courier);
		(void)relay_land(relay); /* what fails now comes again in another life */
	}
	(void)relay_sync(relay); /* the same */
}

void relay_close(struct relay *relay)
{
	if (relay == NULL)
		return;
	relay_end(relay);
	flight_free(relay->held);
	while (relay->spare != NULL) {
		struct flight *flight = relay->spare;
		relay->spare = flight->newer;
		flight_free(flight);
	}
	courier_free(relay->courier);
	watermark_free(relay->watermark);
	spool_close(relay->spool);
	free(relay);
}

bool relay_is_idle(const struct relay *relay)
{
	return courier_under_way(relay->courier) == 0 && relay->unsynced_count == 0 &&
	       !relay->by_spool;
}

enum ch_status relay_verdict(const struct relay *relay)
{
	return courier_verdict(relay->courier);
}

void relay_look(const struct relay *relay, struct relay_state *out_state)
{
	struct spool_state spool = {0};
	if (relay->spool != NULL)
		spool_look(relay->spool, &spool);
	*out_state = (struct relay_state){
		.up = courier_is_up(relay->courier),
		.by_spool = relay->by_spool,
		.full = relay->full,
		.under_way = courier_under_way(relay->courier),
		.spool_records = spool.records,
		.spool_bytes = spool.bytes,
		.spool_oldest_us = spool.oldest_us != 0 ? relay_waited_us(spool.oldest_us) : 0,
	};
}
