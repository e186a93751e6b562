/* What becomes of a caller in a queue: a table of state and signal. */
#include "base/limits.h"
#include "base/text.h"
#include "channel/callcenter/exchange_inside.h"

/* ---- Telling ---- */

void exchange_tell(struct exchange *exchange, const struct call_record *record)
{
	exchange->counts.finished++;
	exchange->listener.finished(exchange->listener.context, record);
}

struct call_record call_record_begin(const struct call *call, const struct channel *channel)
{
	return (struct call_record){
		.call_id = call->call_id,
		.uniqueid = channel->uniqueid,
		.system = call->system,
		.language = channel->language,
		.dialled = channel->dialled,
		.caller_number = channel->caller_number,
		.caller_name = channel->caller_name,
		.hangup_cause = call->hangup_cause,
		.legs = call->legs,
		.leg_count = call->leg_count,
		.leg_total = call->leg_total,
		.partial = call->partial,
	};
}

/* Where no times came, ids and durations tell them. */
static void stay_reckon_times(const struct channel *channel, struct call_record *record)
{
	if (record->start_us == 0)
		record->start_us = call_epoch(channel->uniqueid) * 1000000;
	if (record->end_us == 0 && record->start_us > 0)
		record->end_us = record->start_us + (record->wait_ms + record->talk_ms) * 1000;
}

/* As far as it is known now. */
static struct call_record stay_record(const struct channel *channel, const struct stay *stay)
{
	struct call_record record = call_record_begin(channel->call, channel);
	record.queue = stay->queue;
	record.stay = stay->ordinal;
	record.agent_name = stay->agent_name;
	record.agent_interface = stay->agent_interface;
	record.transferred_to = stay->transferred_to;
	record.wait_ms = stay->wait_ms;
	record.ring_ms = stay->ring_ms;
	record.talk_ms = stay->talk_ms;
	record.hold_ms = stay->hold_ms;
	record.position = stay->position;
	record.joined_position = stay->joined_position;
	record.waiting = stay->waiting;
	record.missed = stay->missed;
	record.exit = stay->exit;
	record.answered = stay->state == TALKING;
	record.partial = stay->partial || channel->call->partial;
	record.start_us = stay->joined_us;
	return record;
}

void stay_tell(struct exchange *exchange, const struct channel *channel, const struct stay *stay,
	enum call_outcome outcome, int64_t now_us)
{
	if (exchange->listener.changed == NULL)
		return;
	struct call_record record = stay_record(channel, stay);
	record.outcome = outcome;
	record.end_us = now_us;
	stay_reckon_times(channel, &record);
	exchange->listener.changed(exchange->listener.context, &record);
}

/* Who served him: the last agent whom his channel talked to; else any of the call's. */
static const struct stay *call_served(const struct channel *channel)
{
	const struct stay *served = NULL;
	for (const struct stay *stay = channel->stay; stay != NULL && served == NULL;
		stay = stay->older) {
		if (stay->agent_name.len > 0 || stay->agent_interface.len > 0)
			served = stay;
	}
	for (const struct channel *other = channel->call->channels; other != NULL && served == NULL;
		other = other->next) {
		if (other != channel && other->stay != NULL && other->stay->agent_name.len > 0)
			served = other->stay;
	}
	return served;
}

void channel_tell_forms(struct exchange *exchange, struct channel *channel, int64_t now_us)
{
	if (channel->forms == NULL)
		return;
	const struct stay *served = call_served(channel);
	struct call_record record = call_record_begin(channel->call, channel);
	record.outcome = CALL_SURVEYED;
	record.start_us = channel->call->first_us;
	record.end_us = now_us;
	if (served != NULL) {
		record.queue = served->queue;
		record.agent_name = served->agent_name;
		record.agent_interface = served->agent_interface;
	}
	stay_reckon_times(channel, &record);
	for (struct form *form = channel->forms; form != NULL; form = form->next) {
		record.survey = &form->survey;
		if (survey_told(&form->survey) > 0 && exchange->listener.surveyed != NULL)
			exchange->listener.surveyed(exchange->listener.context, &record);
	}
	channel->forms = NULL; /* once; the memory is the call's */
}

void stay_finish(struct exchange *exchange, struct channel *channel, struct stay *stay,
	enum call_outcome outcome, enum call_end ended_by, int64_t now_us)
{
	if (stay->hold_since_us > 0 && now_us > stay->hold_since_us)
		stay->hold_ms += (now_us - stay->hold_since_us) / 1000;
	stay->hold_since_us = 0;
	struct call_record record = stay_record(channel, stay);
	record.outcome = outcome;
	record.ended_by = ended_by;
	record.end_us = now_us;
	if (record.wait_ms == 0 && outcome != CALL_COMPLETED && now_us > stay->joined_us &&
		stay->joined_us > 0 && !record.answered)
		record.wait_ms = (now_us - stay->joined_us) / 1000;
	stay_reckon_times(channel, &record);
	stay->state = OVER;
	exchange_tell(exchange, &record);
}

struct stay *stay_create(struct channel *channel, const struct ami_message *message)
{
	struct slice queue = ami_get(message, "Queue");
	struct stay *stay = NULL;
	if (queue.len == 0 || channel->stays == STAYS_IN_CHANNEL)
		return NULL;
	stay = call_alloc(channel->call, sizeof(*stay));
	if (stay == NULL)
		return NULL;
	call_keep(channel->call, &stay->queue, queue);
	stay->ordinal = 1;
	for (const struct stay *old = channel->stay; old != NULL; old = old->older)
		stay->ordinal += slice_equal(old->queue, stay->queue);
	stay->older = channel->stay;
	channel->stay = stay;
	channel->stays++;
	channel->call->queued = true;
	return stay;
}

/* ---- What a signal does to a stay ---- */

uint64_t take_number(const struct ami_message *message, const char *key)
{
	uint64_t value = 0;
	(void)text_parse_u64(text_trim(ami_get(message, key)), UINT32_MAX, &value); /* else 0 */
	return value;
}

/* Seconds, as the exchange gives them, in milliseconds; another spelling of the key in older ones. */
int64_t take_ms(const struct ami_message *message, const char *key)
{
	return (int64_t)take_number(message, key) * 1000;
}

static void stay_take_agent(const struct occasion *at)
{
	struct call *call = at->channel->call;
	const struct ami_message *message = at->message;
	struct slice interface = ami_get(message, "Interface");
	if (interface.len == 0)
		interface = ami_get(message, "Member"); /* before Asterisk 12 */
	if (interface.len == 0)
		interface = ami_get(message, "AgentCalled");
	struct slice name = ami_get(message, "MemberName");
	if (name.len == 0)
		name = ami_get(message, "AgentName");
	call_keep(call, &at->stay->agent_name, name);
	call_keep(call, &at->stay->agent_interface, interface);
}

static void act_offer(const struct occasion *at)
{
	const struct channel *channel = at->channel;
	const struct ami_message *message = at->message;
	struct slice interface = ami_get(message, "Interface");
	if (at->exchange->listener.offered == NULL)
		return;
	const struct call_offer offer = {
		.call_id = channel->call->call_id,
		.uniqueid = channel->uniqueid,
		.queue = at->stay->queue,
		.system = channel->call->system,
		.dialled = channel->dialled,
		.language = channel->language,
		.caller_number = channel->caller_number,
		.caller_name = channel->caller_name,
		.agent_name = ami_get(message, "MemberName").len > 0
				      ? ami_get(message, "MemberName")
				      : ami_get(message, "AgentName"),
		.agent_interface = interface.len > 0 ? interface : ami_get(message, "AgentCalled"),
		.time_us = at->now_us,
		.waited_ms = at->stay->joined_us > 0 && at->now_us > at->stay->joined_us
				     ? (at->now_us - at->stay->joined_us) / 1000
				     : 0,
	};
	at->exchange->listener.offered(at->exchange->listener.context, &offer);
}

static void act_miss(const struct occasion *at)
{
	at->stay->missed++;
}

static void act_connect(const struct occasion *at)
{
	stay_take_agent(at);
	at->stay->wait_ms = take_ms(at->message, "HoldTime");
	at->stay->ring_ms = take_ms(at->message, "RingTime");
	at->stay->connected_us = at->now_us;
	/* Without an agent it is no event; that is said when the call is over. */
	if (at->stay->agent_name.len > 0 || at->stay->agent_interface.len > 0)
		stay_tell(at->exchange, at->channel, at->stay, CALL_CONNECTED, at->now_us);
}

/* Who ended it. */
static enum call_end take_end(const struct ami_message *message)
{
	static const struct {
		const char *word;
		enum call_end end;
	} words[] = {{"agent", END_AGENT}, {"caller", END_CALLER}, {"transfer", END_TRANSFER}};
	struct slice reason = ami_get(message, "Reason");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (ami_is(reason, words[i].word))
			return words[i].end;
	}
	return END_UNKNOWN;
}

static void act_complete(const struct occasion *at)
{
	stay_take_agent(at);
	at->stay->wait_ms = take_ms(at->message, "HoldTime");
	at->stay->talk_ms = take_ms(at->message, "TalkTime");
	stay_finish(at->exchange, at->channel, at->stay, CALL_COMPLETED, take_end(at->message),
		at->now_us);
}

static void act_abandon(const struct occasion *at)
{
	at->stay->wait_ms = take_ms(at->message, "HoldTime");
	at->stay->position = (uint32_t)take_number(at->message, "Position");
	at->stay->joined_position = (uint32_t)take_number(at->message, "OriginalPosition");
	/* FreeSWITCH says it with it. */
	if (at->channel->asked || take_end(at->message) == END_CALLER)
		stay_finish(at->exchange, at->channel, at->stay, CALL_ABANDONED, END_CALLER,
			at->now_us);
}

static const struct {
	const char *word;
	enum call_exit exit;
} statuses[] = {
	{"TIMEOUT", EXIT_TIMEOUT},
	{"LEAVEEMPTY", EXIT_EMPTY},
	{"LEAVEUNAVAIL", EXIT_EMPTY},
	{"JOINEMPTY", EXIT_EMPTY},
	{"JOINUNAVAIL", EXIT_EMPTY},
	{"WITHDRAW", EXIT_WITHDRAWN},
	/* FreeSWITCH's. */
	{"NO_AGENT_TIMEOUT", EXIT_EMPTY},
	{"EXIT_WITH_KEY", EXIT_KEY},
	{"BREAK_OUT", EXIT_UNKNOWN},
};

static struct slice take_status(const struct ami_message *message)
{
	if (ami_is(message->name, "VarSet"))
		return ami_get(message, "Value");
	return ami_get(message, "Status");
}

static void act_status(const struct occasion *at)
{
	struct slice word = text_trim(take_status(at->message));
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (!ami_is(word, statuses[i].word))
			continue;
		at->stay->exit = statuses[i].exit;
		stay_finish(
			at->exchange, at->channel, at->stay, CALL_EXITED, END_UNKNOWN, at->now_us);
		return;
	}
}

/* Told as abandoned, and yet there: his time was up.  Not told as abandoned: he pressed a key. */
static void act_goes_on(const struct occasion *at)
{
	at->stay->exit = at->stay->state == LEFT ? EXIT_TIMEOUT : EXIT_KEY;
	stay_finish(at->exchange, at->channel, at->stay, CALL_EXITED, END_UNKNOWN, at->now_us);
}

static void act_left_hangup(const struct occasion *at)
{
	bool exited = at->exchange->tells_requests && !at->stay->partial;
	at->stay->exit = exited ? EXIT_TIMEOUT : EXIT_UNKNOWN;
	stay_finish(at->exchange, at->channel, at->stay, exited ? CALL_EXITED : CALL_ABANDONED,
		exited ? END_UNKNOWN : END_CALLER, at->now_us);
}

static void act_waiting_hangup(const struct occasion *at)
{
	stay_finish(at->exchange, at->channel, at->stay, CALL_ABANDONED, END_CALLER, at->now_us);
}

/* Queues without events for members tell no AgentComplete; FreeSWITCH's may tell it too late, and what it holds
 * with this. */
static void act_talking_hangup(const struct occasion *at)
{
	at->stay->talk_ms = take_ms(at->message, "TalkTime");
	if (at->stay->talk_ms == 0 && at->stay->connected_us > 0 &&
		at->now_us > at->stay->connected_us)
		at->stay->talk_ms = (at->now_us - at->stay->connected_us) / 1000;
	stay_finish(at->exchange, at->channel, at->stay, CALL_COMPLETED, take_end(at->message),
		at->now_us);
}

/* A row may finish the stay itself, which is OVER then whatever stands in `next`. */
static const struct transition {
	void (*act)(const struct occasion *at);
	enum stay_state next;
} transitions[STATES][SIGNALS] = {
	[WAITING] =
		{
			[SIGNAL_OFFER] = {act_offer, OFFERED},
			[SIGNAL_MISS] = {act_miss, WAITING},
			[SIGNAL_CONNECT] = {act_connect, TALKING},
			[SIGNAL_COMPLETE] = {act_complete, OVER},
			[SIGNAL_ABANDON] = {act_abandon, LEFT},
			[SIGNAL_STATUS] = {act_status, WAITING},
			[SIGNAL_GOES_ON] = {act_goes_on, OVER},
			[SIGNAL_HANGUP] = {act_waiting_hangup, OVER},
		},
	[OFFERED] =
		{
			[SIGNAL_OFFER] = {act_offer, OFFERED},
			[SIGNAL_MISS] = {act_miss, OFFERED},
			[SIGNAL_CONNECT] = {act_connect, TALKING},
			[SIGNAL_COMPLETE] = {act_complete, OVER},
			[SIGNAL_ABANDON] = {act_abandon, LEFT},
			[SIGNAL_STATUS] = {act_status, OFFERED},
			[SIGNAL_GOES_ON] = {act_goes_on, OVER},
			[SIGNAL_HANGUP] = {act_waiting_hangup, OVER},
		},
	[TALKING] =
		{
			[SIGNAL_COMPLETE] = {act_complete, OVER},
			[SIGNAL_HANGUP] = {act_talking_hangup, OVER},
		},
	[LEFT] =
		{
			[SIGNAL_MISS] = {act_miss, LEFT},
			[SIGNAL_STATUS] = {act_status, LEFT},
			[SIGNAL_GOES_ON] = {act_goes_on, OVER},
			[SIGNAL_HANGUP] = {act_left_hangup, OVER},
		},
};

void stay_signal(struct occasion *at, enum signal signal)
{
	at->stay = at->channel->stay;
	if (at->stay == NULL)
		return;
	const struct transition *row = &transitions[at->stay->state][signal];
	if (row->act == NULL)
		return;
	enum stay_state before = at->stay->state;
	row->act(at);
	if (at->stay->state == before)
		at->stay->state = row->next;
}
