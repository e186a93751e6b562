#include "channel/callcenter/call_event.h"

#include <sodium.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/text.h"
#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "channel/callcenter/survey.h"
#include "wire/types.h"

void call_writer_init(struct call_writer *writer, const struct call_names *names)
{
	*writer = (struct call_writer){.names = *names};
	arena_init(&writer->arena);
}

void call_writer_fini(struct call_writer *writer)
{
	arena_fini(&writer->arena);
	buffer_fini(&writer->id);
	sealed_fini(&writer->sealed);
}

struct slice call_agent_id(
	const struct call_names *names, struct slice name, struct slice interface)
{
	const char *known = names->agents != NULL ? table_get(names->agents, name) : NULL;
	if (known != NULL)
		return slice_text(known);
	const uint8_t *slash =
		interface.len > 0 ? memchr(interface.data, '/', interface.len) : NULL;
	struct slice device = interface;
	if (slash != NULL)
		device = slice_sub(interface, (size_t)(slash - interface.data) + 1, SIZE_MAX);
	size_t len = 0;
	while (len < device.len && device.data[len] != '@' && device.data[len] != '/')
		len++;
	return len > 0 ? slice_sub(device, 0, len) : name;
}

/* ---- Texts ---- */

/* The schema's texts are UTF-8; what of the exchange's bytes is not becomes U+FFFD. */
static char *call_text(struct call_writer *writer, struct slice text, bool *failed)
{
	char *copy = arena_alloc(&writer->arena, call_scrub_room(text) + 1);
	if (copy == NULL) {
		*failed = true;
		return (char *)(uintptr_t)protobuf_c_empty_string;
	}
	copy[call_scrub(text, copy)] = 0;
	return copy;
}

#define TEXT(value) call_text(writer, value, failed)

static void *call_make(
	struct call_writer *writer, const ProtobufCMessageDescriptor *type, bool *failed)
{
	void *message = arena_alloc(&writer->arena, type->sizeof_message);
	if (message == NULL)
		*failed = true;
	else
		protobuf_c_message_init(type, message);
	return message;
}

/* Seven digits and more are somebody's number, not an extension. */
static bool call_has_number(struct slice text)
{
	size_t run = 0;
	for (size_t i = 0; i < text.len && run < 7; i++)
		run = text.data[i] >= '0' && text.data[i] <= '9' ? run + 1 : 0;
	return run >= 7;
}

/* Legs are open to all, and a channel's name can hold the caller's number: "Local/13800138000@out-0000000a;1".
 * The running number behind the last '-' is none. */
static struct slice call_channel(struct slice channel)
{
	const uint8_t *dash = channel.len > 0 ? memrchr(channel.data, '-', channel.len) : NULL;
	size_t stem = dash != NULL ? (size_t)(dash - channel.data) : channel.len;
	return call_has_number(slice_sub(channel, 0, stem)) ? (struct slice){NULL, 0} : channel;
}

/* An extension or queue; a person's number is left out. */
static struct slice call_extension(struct slice extension)
{
	return call_has_number(extension) ? (struct slice){NULL, 0} : extension;
}

/* ---- Parts ---- */

static Carehub__V1__CallRef *call_ref(
	struct call_writer *writer, const struct call_record *call, bool *failed)
{
	Carehub__V1__CallRef *ref = call_make(writer, &carehub__v1__call_ref__descriptor, failed);
	if (ref == NULL)
		return NULL;
	const char *group =
		writer->names.groups != NULL ? table_get(writer->names.groups, call->queue) : NULL;
	const struct slice nothing = {NULL, 0};
	bool queued = call->queue.len > 0;
	struct slice system = call->system.len > 0 ? call->system : call_system(call->uniqueid);
	ref->call_id = TEXT(call->call_id.len > 0 ? call->call_id : call->uniqueid);
	ref->queue_call_id = TEXT(queued ? call->uniqueid : nothing);
	ref->queue = TEXT(call->queue);
	ref->group = TEXT(slice_text(group));
	/* A hotline's own number may be long; whom an agent called must not stand here. */
	ref->dialled = TEXT(queued ? call->dialled : call_extension(call->dialled));
	ref->system = TEXT(system);
	ref->language = TEXT(call->language);
	ref->direction = call->queue.len > 0
				 ? CAREHUB__V1__CALL_DIRECTION__CALL_DIRECTION_INBOUND
				 : CAREHUB__V1__CALL_DIRECTION__CALL_DIRECTION_UNSPECIFIED;
	return ref;
}

/* NULL when nobody is told. */
static Carehub__V1__AgentRef *call_agent(
	struct call_writer *writer, const struct call_record *call, bool *failed)
{
	struct slice id = call_agent_id(&writer->names, call->agent_name, call->agent_interface);
	if (id.len == 0)
		return NULL;
	Carehub__V1__AgentRef *agent =
		call_make(writer, &carehub__v1__agent_ref__descriptor, failed);
	if (agent != NULL)
		agent->agent_id = TEXT(id);
	return agent;
}

/* The caller as the network told him; NULL: it did not. */
static Carehub__V1__Party *call_customer(
	struct call_writer *writer, const struct call_record *call, bool *failed)
{
	bool number = !call_is_nobody(call->caller_number);
	bool name = writer->names.caller_names && !call_is_nobody(call->caller_name) &&
		    !slice_equal(call->caller_name, call->caller_number);
	if (!number && !name)
		return NULL;
	Carehub__V1__Party *party = call_make(writer, &carehub__v1__party__descriptor, failed);
	if (party == NULL)
		return NULL;
	if (number) {
		Carehub__V1__Contact *phone =
			call_make(writer, &carehub__v1__contact__descriptor, failed);
		party->phones = arena_alloc(&writer->arena, sizeof(*party->phones));
		if (phone == NULL || party->phones == NULL) {
			*failed = true;
			return NULL;
		}
		phone->value = TEXT(text_trim(call->caller_number));
		party->phones[0] = phone;
		party->n_phones = 1;
	}
	if (name) {
		party->name = call_make(writer, &carehub__v1__name__descriptor, failed);
		if (party->name != NULL)
			party->name->full = TEXT(text_trim(call->caller_name));
	}
	return party;
}

static Carehub__V1__CallDisposition call_word(enum call_disposition disposition)
{
	static const Carehub__V1__CallDisposition words[] = {
		[DISPOSITION_UNKNOWN] = CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_UNSPECIFIED,
		[DISPOSITION_ANSWERED] = CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_ANSWERED,
		[DISPOSITION_NO_ANSWER] = CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_NO_ANSWER,
		[DISPOSITION_BUSY] = CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_BUSY,
		[DISPOSITION_FAILED] = CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_FAILED,
		[DISPOSITION_CONGESTION] =
			CAREHUB__V1__CALL_DISPOSITION__CALL_DISPOSITION_CONGESTION,
	};
	return words[disposition];
}

static void call_fill_leg(struct call_writer *writer, const struct call_leg *from,
	Carehub__V1__CallLeg *leg, bool *failed)
{
	leg->leg_id = TEXT(from->leg_id);
	leg->channel = TEXT(call_channel(from->channel));
	leg->to_channel = TEXT(call_channel(from->to_channel));
	leg->application = TEXT(from->application);
	leg->account_code = TEXT(from->account_code);
	leg->sequence = from->sequence;
	leg->start_time_us = from->start_us;
	leg->answer_time_us = from->answer_us;
	leg->end_time_us = from->end_us;
	leg->duration_ms = from->duration_ms;
	leg->billed_ms = from->billed_ms;
	leg->disposition = call_word(from->disposition);
}

/* ---- One function for each type ---- */

static Carehub__V1__CallEnd call_end_word(enum call_end end)
{
	static const Carehub__V1__CallEnd words[] = {
		[END_UNKNOWN] = CAREHUB__V1__CALL_END__CALL_END_UNSPECIFIED,
		[END_AGENT] = CAREHUB__V1__CALL_END__CALL_END_AGENT,
		[END_CALLER] = CAREHUB__V1__CALL_END__CALL_END_CALLER,
		[END_TRANSFER] = CAREHUB__V1__CALL_END__CALL_END_TRANSFER,
		[END_FAILURE] = CAREHUB__V1__CALL_END__CALL_END_FAILURE,
	};
	return words[end];
}

/* Not whose call it is: the hub would make a record of an unknown caller, and that is what his screen pop, which
 * is asked for meanwhile, would find. */
static void call_fill_queued(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__CallcenterCallQueued *out = (Carehub__V1__CallcenterCallQueued *)message;
	out->call = call_ref(writer, call, failed);
	out->position = call->position;
	out->waiting = call->waiting;
}

static void call_fill_connected(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__CallcenterCallConnected *out = (Carehub__V1__CallcenterCallConnected *)message;
	out->call = call_ref(writer, call, failed);
	out->agent = call_agent(writer, call, failed);
	out->customer = call_customer(writer, call, failed);
	out->agent_name = TEXT(call->agent_name);
	out->wait_ms = call->wait_ms;
	out->ring_ms = call->ring_ms;
}

static void call_fill_completed(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__CallcenterCallCompleted *out = (Carehub__V1__CallcenterCallCompleted *)message;
	out->call = call_ref(writer, call, failed);
	out->agent = call_agent(writer, call, failed);
	out->customer = call_customer(writer, call, failed);
	out->agent_name = TEXT(call->agent_name);
	out->wait_ms = call->wait_ms;
	out->ring_ms = call->ring_ms;
	out->talk_ms = call->talk_ms;
	out->hold_ms = call->hold_ms;
	out->joined_position = call->joined_position;
	out->missed_rings = call->missed;
	out->ended_by = call_end_word(call->ended_by);
	out->transferred_to = TEXT(call_extension(call->transferred_to));
}

static void call_fill_abandoned(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__CallcenterCallAbandoned *out = (Carehub__V1__CallcenterCallAbandoned *)message;
	out->call = call_ref(writer, call, failed);
	out->customer = call_customer(writer, call, failed);
	out->wait_ms = call->wait_ms;
	out->position = call->position;
	out->joined_position = call->joined_position;
	out->missed_rings = call->missed;
}

static void call_fill_exited(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	static const Carehub__V1__QueueExit exits[] = {
		[EXIT_UNKNOWN] = CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_UNSPECIFIED,
		[EXIT_TIMEOUT] = CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_TIMEOUT,
		[EXIT_KEY] = CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_KEY,
		[EXIT_EMPTY] = CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_EMPTY,
		[EXIT_WITHDRAWN] = CAREHUB__V1__QUEUE_EXIT__QUEUE_EXIT_WITHDRAWN,
	};
	Carehub__V1__CallcenterCallTimedout *out = (Carehub__V1__CallcenterCallTimedout *)message;
	out->call = call_ref(writer, call, failed);
	out->customer = call_customer(writer, call, failed);
	out->wait_ms = call->wait_ms;
	out->position = call->position;
	out->joined_position = call->joined_position;
	out->missed_rings = call->missed;
	out->next = TEXT(call_extension(call->next));
	out->exit = exits[call->exit];
}

/* Without rows of the exchange's own the channel of which something is known is the one leg. */
static struct call_leg call_only_leg(const struct call_record *call)
{
	return (struct call_leg){
		.leg_id = call->uniqueid,
		.start_us = call->start_us,
		.end_us = call->end_us,
		.duration_ms = call->start_us > 0 && call->end_us > call->start_us
				       ? (call->end_us - call->start_us) / 1000
				       : 0,
	};
}

/* Whether the call as a whole was answered, and when first. */
static enum call_disposition call_whole(
	const struct call_leg *legs, size_t count, int64_t *out_answer_us)
{
	enum call_disposition whole = DISPOSITION_UNKNOWN;
	*out_answer_us = 0;
	for (size_t i = 0; i < count; i++) {
		const struct call_leg *leg = &legs[i];
		if (leg->answer_us > 0 && (*out_answer_us == 0 || leg->answer_us < *out_answer_us))
			*out_answer_us = leg->answer_us;
		if (whole == DISPOSITION_UNKNOWN || leg->disposition == DISPOSITION_ANSWERED)
			whole = leg->disposition;
	}
	return whole;
}

static void call_fill_logged(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__CallcenterCallLogged *out = (Carehub__V1__CallcenterCallLogged *)message;
	struct call_leg only = call_only_leg(call);
	const struct call_leg *legs = call->leg_count > 0 ? call->legs : &only;
	size_t count = call->leg_count > 0 ? call->leg_count : 1;
	out->call = call_ref(writer, call, failed);
	out->agent = call_agent(writer, call, failed);
	out->customer = call_customer(writer, call, failed);
	out->start_time_us = call->start_us;
	out->end_time_us = call->end_us;
	out->wait_ms = call->wait_ms;
	out->talk_ms = call->talk_ms;
	out->hangup_cause = call->hangup_cause;
	out->leg_count = (uint32_t)(call->leg_total > count ? call->leg_total : count);
	out->disposition = call_word(call_whole(legs, count, &out->answer_time_us));
	if (call->outcome == CALL_PLAIN)
		out->abandoned = CAREHUB__V1__ANSWER__ANSWER_UNSPECIFIED;
	out->legs = arena_alloc(&writer->arena, count * sizeof(*out->legs));
	if (out->legs == NULL) {
		*failed = true;
		return;
	}
	for (size_t i = 0; i < count && !*failed; i++) {
		out->legs[i] = call_make(writer, &carehub__v1__call_leg__descriptor, failed);
		if (out->legs[i] != NULL)
			call_fill_leg(writer, &legs[i], out->legs[i], failed);
		out->n_legs += out->legs[i] != NULL;
	}
}

static Carehub__V1__Decimal *call_points(
	struct call_writer *writer, struct decimal points, bool *failed)
{
	Carehub__V1__Decimal *out = call_make(writer, &carehub__v1__decimal__descriptor, failed);
	if (out != NULL) {
		out->unscaled = points.unscaled;
		out->scale = points.scale;
	}
	return out;
}

static void call_fill_answer(struct call_writer *writer, const struct survey *survey, size_t i,
	Carehub__V1__SurveyAnswer *out, bool *failed)
{
	const struct survey_rules *rules = survey->rules;
	const struct survey_answer *answer = &survey->answers[i];
	out->question_id = TEXT(rules->questions[i].question);
	out->dimension = TEXT(rules->questions[i].dimension);
	out->scale_min = call_points(writer, rules->lowest, failed);
	out->scale_max = call_points(writer, rules->highest, failed);
	if (answer->skipped)
		out->skipped = CAREHUB__V1__ANSWER__ANSWER_YES;
	else
		out->score = call_points(writer, answer->score, failed);
}

/* The form is numbered as the event is: the same channel answers a questionnaire once. */
static void call_fill_surveyed(struct call_writer *writer, const struct call_record *call,
	ProtobufCMessage *message, bool *failed)
{
	Carehub__V1__SurveyAnswered *out = (Carehub__V1__SurveyAnswered *)message;
	const struct survey *survey = call->survey;
	Carehub__V1__Regarding *regarding =
		call_make(writer, &carehub__v1__regarding__descriptor, failed);
	out->answers = arena_alloc(&writer->arena, survey_told(survey) * sizeof(*out->answers));
	if (regarding == NULL || out->answers == NULL) {
		*failed = true;
		return;
	}
	regarding->call_id = TEXT(call->call_id.len > 0 ? call->call_id : call->uniqueid);
	regarding->agent = call_agent(writer, call, failed);
	out->survey_id = TEXT(survey->name);
	out->wave = TEXT(survey->wave);
	out->response_id = TEXT(call->uniqueid);
	out->regarding = regarding;
	out->channel = CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_PHONE;
	out->customer = call_customer(writer, call, failed);
	out->complete = survey_is_complete(survey) ? CAREHUB__V1__ANSWER__ANSWER_YES
						   : CAREHUB__V1__ANSWER__ANSWER_NO;
	for (size_t i = 0; i < survey->rules->count && !*failed; i++) {
		if (!survey->answers[i].told)
			continue;
		Carehub__V1__SurveyAnswer *answer =
			call_make(writer, &carehub__v1__survey_answer__descriptor, failed);
		if (answer != NULL) {
			call_fill_answer(writer, survey, i, answer, failed);
			out->answers[out->n_answers++] = answer;
		}
	}
}

struct call_kind {
	const char *type;
	const char *word; /* in the digest */
	void (*fill)(struct call_writer *writer, const struct call_record *call,
		ProtobufCMessage *message, bool *failed);
};

static const struct call_kind *call_kind_of(const struct call_record *call)
{
	static const struct call_kind kinds[] = {
		[CALL_COMPLETED] = {"callcenter.call.completed", "completed", call_fill_completed},
		[CALL_ABANDONED] = {"callcenter.call.abandoned", "abandoned", call_fill_abandoned},
		[CALL_EXITED] = {"callcenter.call.timedout", "exited", call_fill_exited},
		[CALL_CUT] = {"callcenter.call.logged", "cut", call_fill_logged},
		[CALL_PLAIN] = {"callcenter.call.logged", "plain", call_fill_logged},
		[CALL_QUEUED] = {"callcenter.call.queued", "queued", call_fill_queued},
		[CALL_CONNECTED] = {"callcenter.call.connected", "connected", call_fill_connected},
		[CALL_SURVEYED] = {"callcenter.survey.answered", "surveyed", call_fill_surveyed},
	};
	static const struct call_kind cut = {
		"callcenter.call.completed", "cut", call_fill_completed};
	return call->outcome == CALL_CUT && call->answered ? &cut : &kinds[call->outcome];
}

/* ---- The envelope ---- */

void call_event_id(const struct call_record *call, struct buffer *out)
{
	if (call->outcome == CALL_PLAIN) {
		buffer_append_slice(out, call->call_id.len > 0 ? call->call_id : call->uniqueid);
		return;
	}
	buffer_append_slice(out, call->uniqueid);
	if (call->outcome == CALL_SURVEYED) {
		buffer_append_text(out, "/survey/");
		buffer_append_slice(out, call->survey->name);
		return;
	}
	buffer_append_byte(out, '/');
	buffer_append_slice(out, call->queue);
	if (call->stay > 1)
		buffer_printf(out, "/%u", (unsigned)call->stay);
	if (call->outcome == CALL_QUEUED)
		buffer_append_text(out, "/queued");
	else if (call->outcome == CALL_CONNECTED)
		buffer_append_text(out, "/connected");
}

/* Answers are told once and nowhere else, so they are part of it. */
static void call_digest(struct call_writer *writer, const char *word, const struct survey *survey)
{
	crypto_generichash_state state;
	/* Sizes are right, so none of these can fail. */
	(void)crypto_generichash_init(&state, NULL, 0, CALL_DIGEST_BYTES);
	(void)crypto_generichash_update(&state, writer->id.data, writer->id.len);
	(void)crypto_generichash_update(&state, (const unsigned char *)"\n", 1);
	(void)crypto_generichash_update(&state, (const unsigned char *)word, strlen(word));
	for (size_t i = 0; survey != NULL && i < survey->rules->count; i++) {
		char line[DECIMAL_TEXT_BYTES + 16];
		const struct survey_answer *answer = &survey->answers[i];
		int len = snprintf(
			line, sizeof(line), "\n%d%d", answer->told, answer->skipped); /* fits */
		if (answer->told && !answer->skipped)
			(void)decimal_format(answer->score, line + len);
		(void)crypto_generichash_update(&state, (const unsigned char *)line, strlen(line));
	}
	(void)crypto_generichash_final(&state, writer->digest, CALL_DIGEST_BYTES);
}

enum ch_status call_event_write(struct call_writer *writer, const struct call_record *call,
	struct call_event *out_event, const char **out_field)
{
	const struct call_kind *kind = call_kind_of(call);
	const struct event_type *type = types_find(slice_text(kind->type));
	struct seal_fault fault = {.field = ""};
	bool failed = false;
	arena_reset(&writer->arena);
	buffer_clear(&writer->id);
	*out_field = "id";
	ProtobufCMessage *message = call_make(writer, type->message, &failed);
	if (message != NULL)
		kind->fill(writer, call, message, &failed);
	call_event_id(call, &writer->id);
	if (failed || writer->id.status != CH_OK)
		return CH_NOMEM;
	if (writer->id.len > LIMIT_ID_BYTES)
		return CH_TOO_LARGE;
	if (!text_is_utf8(buffer_slice(&writer->id)))
		return CH_FORMAT;
	if (call->uniqueid.len == 0 && call->call_id.len == 0)
		return CH_MISSING;
	call_digest(writer, kind->word, call->survey);
	struct call_event event = {.message = message};
	event.envelope = (struct envelope){
		.id = buffer_slice(&writer->id),
		.source = writer->names.source,
		.time_us = call->end_us,
		.digest = slice_of(writer->digest, sizeof(writer->digest)),
	};
	enum ch_status status =
		seal_event(kind->type, message, &writer->sealed, &event.envelope, &fault);
	*out_field = status == CH_OK ? "" : fault.field;
	if (status == CH_OK)
		*out_event = event;
	return status;
}
