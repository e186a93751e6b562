#include "fanout/wish.h"

#include "fanout/subscription.h"

#define MAX_ATTEMPTS 1000u

/* ---- By itself ---- */

static bool wish_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

struct refusal {
	enum ch_status status;
	const char *detail;
};

/* The first that applies. */
static struct refusal wish_judge(
	const struct consumer *consumer, const struct subscribe *wish, uint32_t tables)
{
	const struct {
		bool wrong;
		struct refusal refusal;
	} rules[] = {
		{wish->handle == 0, {CH_INVALID, "a handle is not 0"}},
		{!wish_is_name(wish->name),
			{CH_INVALID, "a name is made of letters, digits, '.', '_' and '-'"}},
		{wish->start.from > FROM_SNAPSHOT,
			{CH_INVALID, "start.from is none of its values"}},
		{!wish->no_ack && wish->credit > LIMIT_INFLIGHT_PER_SUB, {CH_TOO_LARGE, "credit"}},
		{wish->ack_wait_ms > LIMIT_ACK_WAIT_MS, {CH_TOO_LARGE, "ack_wait_ms"}},
		{wish->max_attempts > MAX_ATTEMPTS, {CH_TOO_LARGE, "max_attempts"}},
		{wish->no_ack && wish->name.len > 0,
			{CH_INVALID, "no_ack is for ephemeral subscriptions"}},
		{wish->must_exist && wish->name.len == 0, {CH_INVALID, "must_exist wants a name"}},
		{wish->start.from == FROM_SNAPSHOT && (tables & ~consumer->snapshots) != 0,
			{CH_DENIED, "a snapshot of that table"}},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].wrong)
			return rules[i].refusal;
	}
	return (struct refusal){CH_OK, ""};
}

enum ch_status wish_check(
	const struct consumer *consumer, const struct subscribe *wish, struct buffer *detail)
{
	uint32_t tables;
	if (walk_choose(&wish->start, &tables) != CH_OK) {
		buffer_append_text(detail, "start.snapshot names no table");
		return CH_INVALID;
	}
	struct refusal refusal = wish_judge(consumer, wish, tables);
	if (refusal.status == CH_OK)
		return interest_check(&wish->filter, detail);
	buffer_append_text(detail, refusal.detail);
	return refusal.status;
}

/* ---- Against what exists ---- */

static bool wish_is_open(const struct subscribe_filter *filter)
{
	return filter->type_count + filter->source_count + filter->customer_count == 0;
}

static bool wish_has_other_limits(const struct subscribe *wish, const struct subscribe *stored)
{
	return (wish->ack_wait_ms != 0 && wish->ack_wait_ms != stored->ack_wait_ms) ||
	       (wish->max_attempts != 0 && wish->max_attempts != stored->max_attempts) ||
	       (wish->max_lag_events != 0 && wish->max_lag_events != stored->max_lag_events);
}

enum ch_status wish_compare(const struct consumer *consumer, const struct subscribe *wish,
	const struct subscription *subscription, struct buffer *detail)
{
	struct subscribe *stored = &consumer->fanout->stored;
	subscription_wish(subscription, stored);
	/* Who only wants what exists need not repeat what that is. */
	bool as_it_is = wish->must_exist && wish_is_open(&wish->filter);
	if (strcmp(subscription->peer, consumer->peer) != 0 && !consumer->options.is_operator) {
		buffer_append_text(detail, "the subscription belongs to another peer");
		return CH_DENIED;
	}
	if (wish->update)
		return CH_OK;
	if (!as_it_is && !interest_same(&wish->filter, &stored->filter)) {
		buffer_append_text(detail, "the filter is another one");
		return CH_CONFLICT;
	}
	if (wish_has_other_limits(wish, stored)) {
		buffer_append_text(detail, "the limits are others");
		return CH_CONFLICT;
	}
	return CH_OK;
}

/* ---- Where it begins ---- */

static int64_t wish_arrival_us(struct fanout *fanout, uint64_t sequence)
{
	struct group *group;
	if (sequence == 0 || fanout_look(fanout, sequence, &group) != CH_OK)
		return 0;
	return group->arrival_us;
}

static bool wish_is_ours(const struct fanout *fanout, uint64_t incarnation)
{
	return incarnation == 0 || incarnation == journal_incarnation(fanout->options.journal);
}

/* A position that the subscriber keeps himself: what it belongs to is looked at closely, because he has no
 * other. */
static enum ch_status wish_place_position(struct fanout *fanout, const struct subscribe *wish,
	struct place *place, struct buffer *detail)
{
	if (!wish_is_ours(fanout, wish->position_incarnation) || wish->position > fanout->head) {
		buffer_append_text(detail, "the position belongs to another journal");
		return CH_RESET;
	}
	if (wish->position + 1 < journal_first(fanout->options.journal)) {
		buffer_append_text(detail, "the history behind the position is gone");
		return CH_GAP;
	}
	place->base = wish->position;
	place->arrival_us = wish_arrival_us(fanout, wish->position);
	return CH_OK;
}

static enum ch_status wish_place_sequence(struct fanout *fanout,
	const struct subscribe_start *start, struct place *place, struct buffer *detail)
{
	if (!wish_is_ours(fanout, start->incarnation)) {
		buffer_append_text(detail, "the sequence belongs to another journal");
		return CH_RESET;
	}
	place->base = start->sequence > 0 ? start->sequence - 1 : 0;
	if (place->base > fanout->head) {
		buffer_append_text(detail, "the sequence lies beyond the head");
		return CH_INVALID;
	}
	place->arrival_us = wish_arrival_us(fanout, place->base);
	return CH_OK;
}

static enum ch_status wish_place_start(struct fanout *fanout, const struct subscribe_start *start,
	struct place *place, struct buffer *detail)
{
	enum ch_status status;
	switch (start->from) {
	case FROM_NEW:
		place->base = fanout->head;
		place->arrival_us = wish_arrival_us(fanout, fanout->head);
		return CH_OK;
	case FROM_SNAPSHOT:
		place->base = fanout->head;
		place->snapshot = true;
		return CH_OK;
	case FROM_TIME:
		status = reader_seek_time(fanout->look, start->time_us);
		if (status != CH_OK)
			return status;
		place->base = reader_position(fanout->look) - 1;
		place->arrival_us = start->time_us > 0 ? start->time_us - 1 : 0;
		return CH_OK;
	case FROM_SEQUENCE:
		return wish_place_sequence(fanout, start, place, detail);
	case FROM_EARLIEST:
		break;
	}
	place->base = journal_first(fanout->options.journal) - 1;
	return CH_OK;
}

enum ch_status wish_place(struct fanout *fanout, const struct subscribe *wish, bool made,
	struct place *out_place, struct buffer *detail)
{
	*out_place = (struct place){0};
	if (wish->position != 0 || wish->position_incarnation != 0)
		return wish_place_position(fanout, wish, out_place, detail);
	if (made)
		return wish_place_start(fanout, &wish->start, out_place, detail);
	out_place->stay = true;
	out_place->snapshot = wish->start.from == FROM_SNAPSHOT;
	return CH_OK;
}
