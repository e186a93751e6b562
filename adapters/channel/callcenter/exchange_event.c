/* One function for each event that tells something of a call. */
#include <stdlib.h>

#include "base/decimal.h"
#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/exchange_inside.h"

static void on_join(struct occasion *at)
{
	stay_signal(at, SIGNAL_GOES_ON); /* out of the queue before */
	struct stay *stay = stay_create(at->channel, at->message);
	if (stay == NULL)
		return;
	stay->joined_us = at->now_us;
	stay->position = (uint32_t)take_number(at->message, "Position");
	stay->joined_position = stay->position;
	stay->waiting = (uint32_t)take_number(at->message, "Count");
	stay_tell(at->exchange, at->channel, stay, CALL_QUEUED, at->now_us);
}

/* An item of QueueStatus: somebody who is waiting already. */
static void on_entry(struct occasion *at)
{
	int64_t waited_us = take_ms(at->message, "Wait") * 1000;
	if (at->channel->stay != NULL && at->channel->stay->state != OVER)
		return;
	struct stay *stay = stay_create(at->channel, at->message);
	if (stay == NULL)
		return;
	stay->partial = true;
	stay->joined_us = at->now_us > waited_us ? at->now_us - waited_us : 0;
	stay->position = (uint32_t)take_number(at->message, "Position");
	stay_tell(at->exchange, at->channel, stay, CALL_QUEUED, stay->joined_us);
}

/* Events of a stay that began before anybody listened make it. */
static void on_stay(struct occasion *at, enum signal signal)
{
	const struct stay *stay = at->channel->stay;
	if (stay == NULL ||
		(stay->state == OVER && !slice_equal(stay->queue, ami_get(at->message, "Queue")))) {
		struct stay *made = stay_create(at->channel, at->message);
		if (made == NULL)
			return;
		made->partial = true;
	}
	stay_signal(at, signal);
}

static void on_offer(struct occasion *at)
{
	on_stay(at, SIGNAL_OFFER);
}

static void on_miss(struct occasion *at)
{
	on_stay(at, SIGNAL_MISS);
}

static void on_connect(struct occasion *at)
{
	on_stay(at, SIGNAL_CONNECT);
}

static void on_complete(struct occasion *at)
{
	on_stay(at, SIGNAL_COMPLETE);
}

static void on_abandon(struct occasion *at)
{
	on_stay(at, SIGNAL_ABANDON);
}

static void on_variable(struct occasion *at)
{
	if (ami_is(ami_get(at->message, "Variable"), "QUEUESTATUS"))
		stay_signal(at, SIGNAL_STATUS);
}

/* ---- What a caller answers ---- */

static void refuse_answer(void *context, const char *reason)
{
	const struct occasion *at = context;
	const struct exchange_listener *listener = &at->exchange->listener;
	if (listener->refused != NULL)
		listener->refused(listener->context, at->channel->uniqueid, reason);
}

/* The channel's form of that name; NULL: there are too many, or memory runs out. */
static struct form *channel_form(struct occasion *at, struct slice name)
{
	struct channel *channel = at->channel;
	struct call *call = channel->call;
	size_t count = 0;
	for (struct form *form = channel->forms; form != NULL; form = form->next, count++) {
		if (slice_equal(form->survey.name, name))
			return form;
	}
	struct form *form = count < LIMIT_CALL_SURVEYS ? call_alloc(call, sizeof(*form)) : NULL;
	if (form == NULL)
		return NULL;
	form->survey.rules = at->exchange->options.survey;
	call_keep(call, &form->survey.name, name);
	form->next = channel->forms;
	channel->forms = form;
	return form;
}

static void take_survey(struct occasion *at)
{
	const struct survey_rules *rules = at->exchange->options.survey;
	struct form *form = channel_form(at, survey_name(rules, at->message));
	if (form == NULL)
		return;
	survey_take(&form->survey, at->message, refuse_answer, at);
	call_keep(at->channel->call, &form->survey.wave, survey_wave(rules, at->message));
}

static void on_user_event(struct occasion *at)
{
	const struct survey_rules *rules = at->exchange->options.survey;
	if (rules != NULL && survey_is_told(rules, at->message))
		take_survey(at);
	else if (ami_is(ami_get(at->message, "UserEvent"), "QueueResult"))
		stay_signal(at, SIGNAL_STATUS);
}

/* In the queue the dial plan stands still at Queue(). */
static void on_step(struct occasion *at)
{
	if (!ami_is(ami_get(at->message, "Application"), "Queue"))
		stay_signal(at, SIGNAL_GOES_ON);
}

static void on_request(struct occasion *at)
{
	at->exchange->tells_requests = true;
	/* What is asked for behind the queue is the dial plan's own Hangup(). */
	if (at->channel->stay == NULL || at->channel->stay->state != LEFT)
		at->channel->asked = true;
}

static void on_hangup(struct occasion *at)
{
	struct call *call = at->channel->call;
	stay_signal(at, SIGNAL_HANGUP);
	channel_tell_forms(at->exchange, at->channel, at->now_us);
	if (at->channel->gone)
		return;
	at->channel->gone = true;
	call->alive--;
	if (at->channel->next == NULL) /* the call's first */
		call->hangup_cause = (uint32_t)take_number(at->message, "Cause");
	if (call->alive == 0)
		call->ended_us = at->now_us;
}

/* Hold is told of the phone that asked for it, the talk is told of the caller's channel. */
static struct stay *call_talk(struct call *call)
{
	for (struct channel *channel = call->channels; channel != NULL; channel = channel->next) {
		if (channel->stay != NULL && channel->stay->state == TALKING)
			return channel->stay;
	}
	return NULL;
}

static void on_hold(struct occasion *at)
{
	struct stay *stay = call_talk(at->channel->call);
	if (stay != NULL && stay->hold_since_us == 0)
		stay->hold_since_us = at->now_us;
}

static void on_unhold(struct occasion *at)
{
	struct stay *stay = call_talk(at->channel->call);
	if (stay == NULL || stay->hold_since_us == 0)
		return;
	if (at->now_us > stay->hold_since_us)
		stay->hold_ms += (at->now_us - stay->hold_since_us) / 1000;
	stay->hold_since_us = 0;
}

static void on_transfer(struct occasion *at)
{
	static const char *const keys[] = {
		"Extension", "SecondTransfererExten", "TransferTargetExten", "TransferExten"};
	struct stay *stay = call_talk(at->channel->call);
	for (size_t i = 0; stay != NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		call_keep(at->channel->call, &stay->transferred_to, ami_get(at->message, keys[i]));
}

/* As the exchange's clock shows it, or in seconds since 1970. */
static int64_t take_moment(const struct occasion *at, const char *key)
{
	struct slice text = text_trim(ami_get(at->message, key));
	struct decimal seconds;
	if (decimal_parse(text, &seconds) == CH_OK &&
		decimal_rescale(seconds, 6, &seconds) == CH_OK)
		return seconds.unscaled > 0 ? seconds.unscaled : 0;
	return call_time(text, at->exchange->options.zone);
}

static void on_cdr(struct occasion *at)
{
	struct call *call = at->channel->call;
	const struct ami_message *message = at->message;
	call->leg_total++;
	if (call->queued || call->leg_count == LIMIT_CALL_LEGS)
		return; /* only a call without a queue is told by its rows */
	if (call->legs == NULL)
		call->legs = calloc(LIMIT_CALL_LEGS, sizeof(*call->legs));
	if (call->legs == NULL)
		return; /* the call goes without */
	struct call_leg *leg = &call->legs[call->leg_count++];
	leg->sequence = (uint32_t)(call->leg_total - 1);
	call_keep(call, &leg->leg_id, at->channel->uniqueid);
	call_keep(call, &leg->channel, ami_get(message, "Channel"));
	call_keep(call, &leg->to_channel, ami_get(message, "DestinationChannel"));
	call_keep(call, &leg->application, ami_get(message, "LastApplication"));
	call_keep(call, &leg->account_code, ami_get(message, "AccountCode"));
	leg->start_us = take_moment(at, "StartTime");
	leg->answer_us = take_moment(at, "AnswerTime");
	leg->end_us = take_moment(at, "EndTime");
	leg->duration_ms = take_ms(message, "Duration");
	leg->billed_ms = take_ms(message, "BillableSeconds");
	leg->disposition = call_disposition(ami_get(message, "Disposition"));
}

static void on_nothing(struct occasion *at)
{
	(void)at; /* the channel is known now, that is all */
}

static const struct event_row rows[] = {
	{"VarSet", "Uniqueid", on_variable, false, true},
	{"Newexten", "Uniqueid", on_step, false, true},
	{"Newchannel", "Uniqueid", on_nothing, true, true},
	{"NewCallerid", "Uniqueid", on_nothing, false, true},
	{"Hangup", "Uniqueid", on_hangup, false, true},
	{"HangupRequest", "Uniqueid", on_request, false, true},
	{"Cdr", "UniqueID", on_cdr, false, false},
	{"UserEvent", "Uniqueid", on_user_event, false, true},
	{"QueueEntry", "Uniqueid", on_entry, true, true},
	{"QueueCallerJoin", "Uniqueid", on_join, true, true},
	{"Join", "Uniqueid", on_join, true, true},
	{"AgentCalled", "Uniqueid", on_offer, true, true},
	{"AgentRingNoAnswer", "Uniqueid", on_miss, true, true},
	{"AgentConnect", "Uniqueid", on_connect, true, true},
	{"AgentComplete", "Uniqueid", on_complete, true, true},
	{"QueueCallerAbandon", "Uniqueid", on_abandon, true, true},
	{"Hold", "Uniqueid", on_hold, false, true},
	{"Unhold", "Uniqueid", on_unhold, false, true},
	{"MusicOnHoldStart", "Uniqueid", on_hold, false, true},
	{"MusicOnHoldStop", "Uniqueid", on_unhold, false, true},
	{"BlindTransfer", "TransfererUniqueid", on_transfer, false, false},
	{"AttendedTransfer", "OrigTransfererUniqueid", on_transfer, false, false},
};

const struct event_row *event_row_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ami_is(name, rows[i].event))
			return &rows[i];
	}
	return NULL;
}

/* With `timestampevents` the exchange says when: "1795290136.116425". */
