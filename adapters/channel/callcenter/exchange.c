#include <stdlib.h>

#include "base/decimal.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/exchange_inside.h"

/* ---- Memory ---- */

void *call_alloc(struct call *call, size_t len)
{
	struct scrap *scrap = calloc(1, sizeof(*scrap) + len);
	if (scrap == NULL)
		return NULL;
	scrap->next = call->scraps;
	call->scraps = scrap;
	return scrap->bytes;
}

/* Keeps a value the first time it is told. */
void call_keep(struct call *call, struct slice *to, struct slice text)
{
	if (to->len > 0 || text.len == 0)
		return;
	text.len = text.len < LIMIT_CALL_TEXT_BYTES ? text.len : LIMIT_CALL_TEXT_BYTES;
	void *copy = call_alloc(call, text.len);
	if (copy == NULL)
		return; /* the call goes without it */
	memcpy(copy, text.data, text.len);
	*to = slice_of(copy, text.len);
}

static void call_free(struct exchange *exchange, struct call *call)
{
	for (struct channel *channel = call->channels; channel != NULL; channel = channel->next) {
		(void)table_remove(&exchange->channels, channel->uniqueid); /* it is there */
		exchange->counts.channels--;
	}
	(void)table_remove(&exchange->calls, call->call_id); /* so is it */
	*(call->older != NULL ? &call->older->newer : &exchange->oldest) = call->newer;
	*(call->newer != NULL ? &call->newer->older : &exchange->newest) = call->older;
	exchange->counts.calls--;
	while (call->scraps != NULL) {
		struct scrap *scrap = call->scraps;
		call->scraps = scrap->next;
		free(scrap);
	}
	free(call->legs);
	free(call);
}

/* ---- Calls and channels ---- */

/* The call is over: what is still open of it is told, then it is forgotten. */
static void call_end(struct exchange *exchange, struct call *call, int64_t now_us)
{
	bool ended = call->alive == 0;
	struct channel *first = NULL; /* the list runs from the newest */
	for (struct channel *channel = call->channels; channel != NULL; channel = channel->next) {
		struct stay *stay = channel->stay;
		first = channel;
		channel_tell_forms(exchange, channel, now_us);
		if (stay == NULL || stay->state == OVER)
			continue;
		stay_finish(exchange, channel, stay, CALL_CUT,
			stay->state == TALKING ? END_FAILURE : END_UNKNOWN, now_us);
	}
	if (!call->queued && call->linked && first != NULL && (ended || call->leg_count > 0)) {
		struct call_record record = call_record_begin(call, first);
		record.outcome = CALL_PLAIN;
		record.start_us =
			call->first_us > 0 ? call->first_us : call_epoch(first->uniqueid) * 1000000;
		record.end_us = call->ended_us > 0 ? call->ended_us : call->last_us;
		for (size_t i = 0; i < call->leg_count; i++) {
			if (record.end_us < call->legs[i].end_us)
				record.end_us = call->legs[i].end_us;
		}
		if (record.end_us == 0)
			record.end_us = record.start_us;
		exchange_tell(exchange, &record);
	}
	call_free(exchange, call);
}

/* Makes room: of those that have ended the oldest, else the oldest of all. */
static void exchange_give_up_oldest(struct exchange *exchange, int64_t now_us)
{
	struct call *call = exchange->oldest;
	while (call != NULL && call->alive > 0)
		call = call->newer;
	if (call == NULL) {
		call = exchange->oldest;
		exchange->counts.given_up++;
	}
	call_end(exchange, call, now_us);
}

static struct call *call_create(
	struct exchange *exchange, struct slice call_id, bool linked, int64_t now_us)
{
	if (exchange->counts.calls >= LIMIT_CALLS)
		exchange_give_up_oldest(exchange, now_us);
	struct call *call = calloc(1, sizeof(*call));
	if (call == NULL)
		return NULL;
	call->linked = linked;
	call->first_us = now_us;
	call_keep(call, &call->call_id, call_id);
	if (call->call_id.len == 0 || table_put(&exchange->calls, call->call_id, call) != CH_OK) {
		free(call->scraps);
		free(call);
		return NULL;
	}
	call->older = exchange->newest;
	*(call->older != NULL ? &call->older->newer : &exchange->oldest) = call;
	exchange->newest = call;
	exchange->counts.calls++;
	return call;
}

/* A new channel, in the call that its Linkedid names. */
static enum ch_status channel_create(struct exchange *exchange, struct slice uniqueid,
	struct slice linkedid, int64_t now_us, struct channel **out_channel)
{
	bool linked = linkedid.len > 0 && linkedid.len <= ID_BYTES;
	struct slice call_id = linked ? linkedid : uniqueid;
	if (exchange->counts.channels >= LIMIT_CALL_CHANNELS)
		exchange_give_up_oldest(exchange, now_us);
	struct call *call = table_get(&exchange->calls, call_id);
	if (call == NULL)
		call = call_create(exchange, call_id, linked, now_us);
	if (call == NULL)
		return CH_NOMEM;
	if (call->channel_count == CHANNELS_IN_CALL)
		return CH_FULL;
	struct channel *channel = call_alloc(call, sizeof(*channel));
	if (channel == NULL)
		return CH_NOMEM;
	call_keep(call, &channel->uniqueid, uniqueid);
	if (channel->uniqueid.len == 0 ||
		table_put(&exchange->channels, channel->uniqueid, channel) != CH_OK)
		return CH_NOMEM;
	channel->call = call;
	channel->listed = true; /* newer than any list under way */
	channel->next = call->channels;
	call->channels = channel;
	call->channel_count++;
	call->alive++;
	call->ended_us = 0;
	exchange->counts.channels++;
	*out_channel = channel;
	return CH_OK;
}

static void channel_take_snapshot(struct channel *channel, const struct ami_message *message)
{
	struct call *call = channel->call;
	struct slice number = ami_get(message, "CallerIDNum");
	struct slice name = ami_get(message, "CallerIDName");
	if (number.len == 0)
		number = ami_get(message, "CallerID"); /* Asterisk 11's Join */
	if (!call_is_nobody(number))
		call_keep(call, &channel->caller_number, number);
	if (!call_is_nobody(name))
		call_keep(call, &channel->caller_name, name);
	call_keep(call, &channel->dialled, ami_get(message, "Exten"));
	call_keep(call, &channel->language, ami_get(message, "Language"));
	call_keep(call, &call->system, ami_get(message, "SystemName"));
}

/* ---- An event ---- */

static int64_t take_timestamp(const struct ami_message *message, int64_t now_us)
{
	struct decimal time;
	struct slice text = text_trim(ami_get(message, "Timestamp"));
	if (text.len == 0 || decimal_parse(text, &time) != CH_OK ||
		decimal_rescale(time, 6, &time) != CH_OK || time.unscaled <= 0)
		return now_us;
	return time.unscaled;
}

enum ch_status exchange_take(
	struct exchange *exchange, const struct ami_message *message, int64_t now_us)
{
	if (message->kind != AMI_EVENT)
		return CH_OK;
	exchange->counts.events++;
	const struct event_row *row = event_row_of(message->name);
	if (row == NULL)
		return CH_OK;
	struct slice uniqueid = ami_get(message, row->channel);
	if (uniqueid.len == 0 || uniqueid.len > ID_BYTES) {
		exchange->counts.passed++;
		return CH_OK;
	}
	struct occasion at = {
		.exchange = exchange,
		.message = message,
		.channel = table_get(&exchange->channels, uniqueid),
		.now_us = take_timestamp(message, now_us),
	};
	if (at.channel == NULL && row->makes) {
		enum ch_status status = channel_create(
			exchange, uniqueid, ami_get(message, "Linkedid"), at.now_us, &at.channel);
		if (status != CH_OK && status != CH_FULL)
			return status;
		exchange->counts.passed += status == CH_FULL;
	}
	if (at.channel == NULL)
		return CH_OK;
	struct call *call = at.channel->call;
	call->last_us = at.now_us;
	call->heard_us = now_us;
	if (call->came_us == 0)
		call->came_us = now_us;
	if (row->snapshot)
		channel_take_snapshot(at.channel, message);
	row->take(&at);
	return CH_OK;
}

/* ---- Life ---- */

enum ch_status exchange_create(const struct exchange_listener *listener,
	const struct exchange_options *options, struct exchange **out_exchange)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	if (exchange == NULL)
		return CH_NOMEM;
	exchange->listener = *listener;
	exchange->options = *options;
	table_init(&exchange->calls);
	table_init(&exchange->channels);
	*out_exchange = exchange;
	return CH_OK;
}

void exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	while (exchange->oldest != NULL)
		call_free(exchange, exchange->oldest);
	table_fini(&exchange->calls);
	table_fini(&exchange->channels);
	free(exchange);
}

void exchange_tend(struct exchange *exchange, int64_t now_us)
{
	struct call *next = NULL;
	for (struct call *call = exchange->oldest; call != NULL; call = next) {
		next = call->newer;
		int64_t linger_us = call->leg_total > 0 ? EXCHANGE_ROWS_US : EXCHANGE_LINGER_US;
		if (call->alive == 0 && now_us - call->heard_us >= linger_us) {
			call_end(exchange, call, call->last_us);
		} else if (now_us - call->came_us >= EXCHANGE_CALL_AGE_US) {
			exchange->counts.given_up++;
			call_end(exchange, call, call->last_us + (now_us - call->heard_us));
		}
	}
}

void exchange_lost(struct exchange *exchange)
{
	for (struct call *call = exchange->oldest; call != NULL; call = call->newer)
		call->partial = true;
}

void exchange_list_begin(struct exchange *exchange)
{
	for (struct call *call = exchange->oldest; call != NULL; call = call->newer) {
		for (struct channel *c = call->channels; c != NULL; c = c->next)
			c->listed = false;
	}
}

void exchange_list_channel(struct exchange *exchange, struct slice uniqueid)
{
	struct channel *channel = table_get(&exchange->channels, uniqueid);
	if (channel != NULL)
		channel->listed = true;
}

void exchange_list_end(struct exchange *exchange, int64_t now_us)
{
	struct call *next = NULL;
	for (struct call *call = exchange->oldest; call != NULL; call = next) {
		next = call->newer;
		for (struct channel *c = call->channels; c != NULL; c = c->next) {
			if (c->listed || c->gone)
				continue;
			if (c->stay != NULL && c->stay->state != OVER)
				stay_finish(exchange, c, c->stay, CALL_CUT,
					c->stay->state == TALKING ? END_FAILURE : END_UNKNOWN,
					now_us);
			c->gone = true;
			call->alive--;
		}
		if (call->alive == 0)
			call_end(exchange, call, now_us);
	}
}

void exchange_end(struct exchange *exchange, int64_t now_us)
{
	while (exchange->oldest != NULL)
		call_end(exchange, exchange->oldest, now_us);
}

void exchange_look(const struct exchange *exchange, struct exchange_counts *out_counts)
{
	*out_counts = exchange->counts;
}
