#include "channel/callcenter/esl_words.h"

#include <stdio.h>

#include "base/text.h"

#define MICROS INT64_C(1000000)

/* ---- Making a message ---- */

void esl_words_begin(struct esl_words *words, const char *event)
{
	words->messages[words->count] = (struct ami_message){
		.kind = AMI_EVENT,
		.name = slice_text(event),
		.fields = words->fields + words->field_count,
	};
}

void esl_words_put(struct esl_words *words, const char *key, struct slice value)
{
	if (value.len == 0)
		return;
	words->fields[words->field_count++] = (struct ami_field){slice_text(key), value};
	words->messages[words->count].count++;
}

void esl_words_end(struct esl_words *words)
{
	words->count++;
}

/* A number that is 0 or less says nothing. */
static void put_number(struct esl_words *words, const char *key, int64_t value)
{
	if (value <= 0 || words->number_count == ESL_WORDS_NUMBERS)
		return;
	char *text = words->numbers[words->number_count++];
	(void)snprintf(text, ESL_NUMBER_BYTES, "%lld", (long long)value); /* fits */
	esl_words_put(words, key, slice_text(text));
}

/* Microseconds, as the seconds of a Timestamp. */
static void put_time(struct esl_words *words, const char *key, int64_t time_us)
{
	if (time_us <= 0 || words->number_count == ESL_WORDS_NUMBERS)
		return;
	char *text = words->numbers[words->number_count++];
	(void)snprintf(text, ESL_NUMBER_BYTES, "%lld.%06lld", (long long)(time_us / MICROS),
		(long long)(time_us % MICROS)); /* fits */
	esl_words_put(words, key, slice_text(text));
}

/* ---- Reading the event ---- */

static int64_t get_number(const struct esl_message *event, const char *name)
{
	uint64_t value = 0;
	/* Microseconds of the year 9999 fit; what is no number is none. */
	(void)text_parse_u64(text_trim(esl_get(event, name)), UINT64_C(253402300799999999), &value);
	return (int64_t)value;
}

/* From one moment to a later one, in seconds; 0: one of them is not told. */
static int64_t get_seconds(const struct esl_message *event, const char *from, const char *to)
{
	int64_t begin = get_number(event, from);
	int64_t end = get_number(event, to);
	return begin > 0 && end > begin ? end - begin : 0;
}

static bool get_is(const struct esl_message *event, const char *name, const char *word)
{
	return ami_is(esl_get(event, name), word);
}

/* The first that is told. */
static struct slice get_first(const struct esl_message *event, const char *const *names)
{
	struct slice value = {NULL, 0};
	for (; *names != NULL && value.len == 0; names++)
		value = esl_get(event, *names);
	return value;
}

/* ---- What every message holds ---- */

static void put_frame(struct esl_words *words, const struct esl_message *event)
{
	static const char *const systems[] = {"FreeSWITCH-Switchname", "FreeSWITCH-Hostname", NULL};
	put_time(words, "Timestamp", get_number(event, "Event-Date-Timestamp"));
	esl_words_put(words, "SystemName", get_first(event, systems));
}

/* The channel that an event is about, in its call. */
static void put_channel(struct esl_words *words, const struct esl_message *event)
{
	static const char *const calls[] = {"variable_cc_member_session_uuid", "Channel-Call-UUID",
		"variable_call_uuid", "Unique-ID", NULL};
	static const char *const dialled[] = {
		"Caller-Destination-Number", "variable_destination_number", NULL};
	put_frame(words, event);
	esl_words_put(words, "Uniqueid", esl_get(event, "Unique-ID"));
	esl_words_put(words, "Linkedid", get_first(event, calls));
	esl_words_put(words, "CallerIDNum", esl_get(event, "Caller-Caller-ID-Number"));
	esl_words_put(words, "CallerIDName", esl_get(event, "Caller-Caller-ID-Name"));
	esl_words_put(words, "Exten", get_first(event, dialled));
	esl_words_put(words, "Language", esl_get(event, "variable_default_language"));
}

/* The caller who stands in a queue: the event may be about his agent's channel. */
static void put_member(struct esl_words *words, const struct esl_message *event)
{
	put_frame(words, event);
	esl_words_put(words, "Uniqueid", esl_get(event, "CC-Member-Session-UUID"));
	esl_words_put(words, "Linkedid", esl_get(event, "CC-Member-Session-UUID"));
	esl_words_put(words, "Queue", esl_get(event, "CC-Queue"));
	esl_words_put(words, "CallerIDNum", esl_get(event, "CC-Member-CID-Number"));
	esl_words_put(words, "CallerIDName", esl_get(event, "CC-Member-CID-Name"));
}

/* FreeSWITCH's agents are called by what Asterisk calls an interface. */
static void put_agent(struct esl_words *words, const struct esl_message *event)
{
	esl_words_put(words, "MemberName", esl_get(event, "CC-Agent"));
	esl_words_put(words, "Interface", esl_get(event, "CC-Agent"));
}

/* ---- Who ended it ---- */

/* Of the caller's channel: a BYE that came is his; one that was sent followed his agent's, unless he was passed on. */
static const char *end_of(const struct esl_message *event)
{
	static const char *const transfers[] = {"BLIND_TRANSFER", "ATTENDED_TRANSFER"};
	for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		if (get_is(event, "variable_endpoint_disposition", transfers[i]) ||
			get_is(event, "Hangup-Cause", transfers[i]))
			return "transfer";
	}
	if (get_is(event, "variable_sip_hangup_disposition", "recv_bye"))
		return "caller";
	if (get_is(event, "variable_sip_hangup_disposition", "send_bye") ||
		get_is(event, "Answer-State", "answered"))
		return "agent";
	return "";
}

/* ---- Queues ---- */

static void say_join(struct esl_words *words, const struct esl_message *event)
{
	esl_words_begin(words, "QueueCallerJoin");
	put_member(words, event);
	esl_words_end(words);
}

static void say_offer(struct esl_words *words, const struct esl_message *event)
{
	esl_words_begin(words, "AgentCalled");
	put_member(words, event);
	put_agent(words, event);
	esl_words_end(words);
}

/* Where all are rung, those who were not the first have missed nothing. */
static void say_miss(struct esl_words *words, const struct esl_message *event)
{
	static const char *const taken_back[] = {"ORIGINATOR_CANCEL", "LOSE_RACE", "PICKED_OFF"};
	for (size_t i = 0; i < sizeof(taken_back) / sizeof(taken_back[0]); i++) {
		if (get_is(event, "CC-Hangup-Cause", taken_back[i]))
			return;
	}
	esl_words_begin(words, "AgentRingNoAnswer");
	put_member(words, event);
	put_agent(words, event);
	esl_words_end(words);
}

static void say_connect(struct esl_words *words, const struct esl_message *event)
{
	esl_words_begin(words, "AgentConnect");
	put_member(words, event);
	put_agent(words, event);
	put_number(words, "HoldTime",
		get_seconds(event, "CC-Member-Joined-Time", "CC-Agent-Answered-Time"));
	put_number(words, "RingTime",
		get_seconds(event, "CC-Agent-Called-Time", "CC-Agent-Answered-Time"));
	esl_words_end(words);
}

static void say_complete(struct esl_words *words, const struct esl_message *event)
{
	esl_words_begin(words, "AgentComplete");
	put_member(words, event);
	put_agent(words, event);
	put_number(words, "HoldTime",
		get_seconds(event, "CC-Member-Joined-Time", "CC-Agent-Answered-Time"));
	put_number(words, "TalkTime",
		get_seconds(event, "CC-Agent-Answered-Time", "CC-Member-Leaving-Time"));
	esl_words_put(words, "Reason", slice_text(end_of(event)));
	esl_words_end(words);
}

/* BREAK_OUT is told of a caller who hung up, and of one whom the dial plan took out: his channel tells which, now or
 * by what follows. */
static void say_leave(struct esl_words *words, const struct esl_message *event)
{
	struct slice reason = esl_get(event, "CC-Cancel-Reason");
	bool broke_out = reason.len == 0 || ami_is(reason, "BREAK_OUT") || ami_is(reason, "NONE");
	bool hung_up = get_is(event, "Answer-State", "hangup");
	esl_words_begin(words, "QueueCallerAbandon");
	put_member(words, event);
	put_number(words, "HoldTime",
		get_seconds(event, "CC-Member-Joined-Time", "CC-Member-Leaving-Time"));
	if (broke_out && hung_up)
		esl_words_put(words, "Reason", SLICE_LITERAL("caller"));
	esl_words_end(words);
	if (broke_out && (hung_up || esl_get(event, "Answer-State").len == 0))
		return;
	esl_words_begin(words, "UserEvent");
	put_member(words, event);
	esl_words_put(words, "UserEvent", SLICE_LITERAL("QueueResult"));
	esl_words_put(words, "Status", broke_out ? SLICE_LITERAL("BREAK_OUT") : reason);
	esl_words_end(words);
}

static void say_end(struct esl_words *words, const struct esl_message *event)
{
	if (get_is(event, "CC-Cause", "Terminated"))
		say_complete(words, event);
	else
		say_leave(words, event);
}

static const struct {
	const char *action;
	void (*say)(struct esl_words *words, const struct esl_message *event);
} actions[] = {
	{"member-queue-start", say_join},
	{"member-queue-resume", say_join},
	{"agent-offering", say_offer},
	{"bridge-agent-fail", say_miss},
	{"bridge-agent-start", say_connect},
	{"member-queue-end", say_end},
};

/* ---- Channels ---- */

static void say_channel(struct esl_words *words, const struct esl_message *event, const char *what)
{
	esl_words_begin(words, what);
	put_channel(words, event);
	esl_words_end(words);
}

static void say_create(struct esl_words *words, const struct esl_message *event)
{
	say_channel(words, event, "Newchannel");
}

static void say_hold(struct esl_words *words, const struct esl_message *event)
{
	say_channel(words, event, "Hold");
}

static void say_unhold(struct esl_words *words, const struct esl_message *event)
{
	say_channel(words, event, "Unhold");
}

static struct slice disposition_of(const struct esl_message *event)
{
	static const struct {
		const char *cause;
		const char *word;
	} words[] = {
		{"USER_BUSY", "BUSY"},
		{"NO_ANSWER", "NO ANSWER"},
		{"NO_USER_RESPONSE", "NO ANSWER"},
		{"ORIGINATOR_CANCEL", "NO ANSWER"},
		{"ALLOTTED_TIMEOUT", "NO ANSWER"},
		{"NORMAL_CLEARING", "NO ANSWER"}, /* it was not answered */
		{"NORMAL_CIRCUIT_CONGESTION", "CONGESTION"},
		{"SWITCH_CONGESTION", "CONGESTION"},
	};
	if (get_number(event, "Caller-Channel-Answered-Time") > 0)
		return SLICE_LITERAL("ANSWERED");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (get_is(event, "Hangup-Cause", words[i].cause))
			return slice_text(words[i].word);
	}
	return SLICE_LITERAL("FAILED");
}

static void say_leg(struct esl_words *words, const struct esl_message *event)
{
	static const char *const applications[] = {
		"variable_last_app", "variable_current_application", NULL};
	esl_words_begin(words, "Cdr");
	put_channel(words, event);
	esl_words_put(words, "Channel", esl_get(event, "Channel-Name"));
	esl_words_put(words, "DestinationChannel", esl_get(event, "Other-Leg-Channel-Name"));
	esl_words_put(words, "LastApplication", get_first(event, applications));
	esl_words_put(words, "AccountCode", esl_get(event, "variable_accountcode"));
	put_time(words, "StartTime", get_number(event, "Caller-Channel-Created-Time"));
	put_time(words, "AnswerTime", get_number(event, "Caller-Channel-Answered-Time"));
	put_time(words, "EndTime", get_number(event, "Caller-Channel-Hangup-Time"));
	put_number(words, "Duration", get_number(event, "variable_duration"));
	put_number(words, "BillableSeconds", get_number(event, "variable_billsec"));
	esl_words_put(words, "Disposition", disposition_of(event));
	esl_words_end(words);
}

/* The queue looks after its calls ten times a second, so the hang-up may be told before the end of the talk: the
 * caller's channel knows as much. */
static void say_hangup(struct esl_words *words, const struct esl_message *event)
{
	int64_t answered = get_number(event, "variable_cc_queue_answered_epoch");
	int64_t ended = get_number(event, "Caller-Channel-Hangup-Time") / MICROS;
	say_leg(words, event);
	esl_words_begin(words, "Hangup");
	put_channel(words, event);
	esl_words_put(words, "Cause", esl_get(event, "variable_hangup_cause_q850"));
	if (get_is(event, "variable_cc_side", "member")) {
		esl_words_put(words, "Reason", slice_text(end_of(event)));
		put_number(words, "TalkTime", answered > 0 ? ended - answered : 0);
	}
	esl_words_end(words);
}

/* ---- Others' events ---- */

/* Told by the dial plan (`event`), with all that its channel holds. */
static void say_custom(struct esl_words *words, const struct esl_message *event)
{
	esl_words_begin(words, "UserEvent");
	put_channel(words, event);
	esl_words_put(words, "UserEvent", esl_get(event, "Event-Subclass"));
	for (size_t i = 0; i < event->count; i++) {
		words->fields[words->field_count++] = event->fields[i];
		words->messages[words->count].count++;
	}
	esl_words_end(words);
}

static void say_info(struct esl_words *words, const struct esl_message *event)
{
	if (!get_is(event, "Event-Subclass", "callcenter::info")) {
		say_custom(words, event);
		return;
	}
	struct slice action = esl_get(event, "CC-Action");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (ami_is(action, actions[i].action))
			actions[i].say(words, event);
	}
}

void esl_words_of(const struct esl_message *event, struct esl_words *out_words)
{
	static const struct {
		const char *event;
		void (*say)(struct esl_words *words, const struct esl_message *event);
	} events[] = {
		{"CUSTOM", say_info},
		{"CHANNEL_CREATE", say_create},
		{"CHANNEL_HOLD", say_hold},
		{"CHANNEL_UNHOLD", say_unhold},
		{"CHANNEL_HANGUP_COMPLETE", say_hangup},
	};
	out_words->count = out_words->field_count = out_words->number_count = 0;
	if (event->kind != ESL_EVENT)
		return;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (ami_is(event->name, events[i].event))
			events[i].say(out_words, event);
	}
}
