#include "channel/callcenter/exchange.h"

#include <stdarg.h>

#include "base/limits.h"
#include "book.h"

struct scene {
	struct exchange *exchange;
	struct ami_reader *reader;
	struct book book;
	struct book changes;
	struct book forms;
	char form[256];    /* "hotline Q4: overall=4 manner=-" */
	char refusal[200]; /* the last one */
	size_t offers;
	char offered[64];
	int64_t now_us;
};

static void scene_offered(void *context, const struct call_offer *offer)
{
	struct scene *scene = context;
	scene->offers++;
	(void)snprintf(scene->offered, sizeof(scene->offered), "%.*s %.*s",
		(int)offer->caller_number.len, (const char *)offer->caller_number.data,
		(int)offer->agent_interface.len, (const char *)offer->agent_interface.data);
}

static void scene_finished(void *context, const struct call_record *call)
{
	struct scene *scene = context;
	book_write(&scene->book, call);
}

static void scene_changed(void *context, const struct call_record *call)
{
	struct scene *scene = context;
	book_write(&scene->changes, call);
}

static void scene_surveyed(void *context, const struct call_record *call)
{
	struct scene *scene = context;
	const struct survey *survey = call->survey;
	char score[DECIMAL_TEXT_BYTES];
	int len = snprintf(scene->form, sizeof(scene->form), "%.*s %.*s:", (int)survey->name.len,
		(const char *)survey->name.data, (int)survey->wave.len,
		(const char *)survey->wave.data);
	for (size_t i = 0; i < survey->rules->count; i++) {
		const struct survey_answer *answer = &survey->answers[i];
		if (answer->told)
			len += snprintf(scene->form + len, sizeof(scene->form) - (size_t)len,
				" %.*s=%s", (int)survey->rules->questions[i].question.len,
				(const char *)survey->rules->questions[i].question.data,
				answer->skipped ? "-" : decimal_format(answer->score, score));
	}
	book_write(&scene->forms, call);
}

static void scene_refused(void *context, struct slice uniqueid, const char *reason)
{
	struct scene *scene = context;
	(void)snprintf(scene->refusal, sizeof(scene->refusal), "%.*s %s", (int)uniqueid.len,
		(const char *)uniqueid.data, reason);
}

static int scene_begin(void **state)
{
	static struct scene scene;
	static struct survey_rules survey;
	const struct exchange_listener listener = {
		.finished = scene_finished,
		.offered = scene_offered,
		.changed = scene_changed,
		.surveyed = scene_surveyed,
		.refused = scene_refused,
		.context = &scene,
	};
	const struct exchange_options options = {.survey = &survey};
	survey = (struct survey_rules){
		.event = SLICE_LITERAL("CSAT"),
		.name = SLICE_LITERAL("hotline"),
		.name_field = SLICE_LITERAL("Survey"),
		.wave_field = SLICE_LITERAL("Wave"),
	};
	assert_null(survey_rules_scale(&survey, SLICE_LITERAL("1-5")));
	assert_null(survey_rules_add(&survey, SLICE_LITERAL("Score=overall")));
	assert_null(survey_rules_add(&survey, SLICE_LITERAL("Manner = manner : staff")));
	scene = (struct scene){.now_us = INT64_C(1795290000000000)};
	assert_int_equal(exchange_create(&listener, &options, &scene.exchange), CH_OK);
	assert_int_equal(ami_reader_create(&scene.reader), CH_OK);
	*state = &scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;
	exchange_free(scene->exchange);
	ami_reader_free(scene->reader);
	return 0;
}

/* "Event;Key=value;..." a second later, on channel `id` of call `linked`. */
static void tell(struct scene *scene, const char *id, const char *linked, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct scene *scene, const char *id, const char *linked, const char *format, ...)
{
	char text[512];
	struct buffer bytes = {0};
	struct ami_message message;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buffer_append_text(&bytes, "Event: ");
	for (const char *c = text; *c != 0; c++) {
		if (*c == ';')
			buffer_append_text(&bytes, "\r\n");
		else if (*c == '=')
			buffer_append_text(&bytes, ": ");
		else
			buffer_append_byte(&bytes, (uint8_t)*c);
	}
	buffer_printf(&bytes, "\r\nUniqueid: %s\r\nLinkedid: %s\r\n\r\n", id, linked);
	assert_int_equal(ami_reader_feed(scene->reader, buffer_slice(&bytes)), CH_OK);
	scene->now_us += 1000000;
	while (ami_reader_next(scene->reader, &message) == CH_OK)
		assert_int_equal(exchange_take(scene->exchange, &message, scene->now_us), CH_OK);
	buffer_fini(&bytes);
}

static void tell_join(struct scene *scene, const char *id, const char *linked)
{
	tell(scene, id, linked, "Newchannel;CallerIDNum=13800138000;Exten=400");
	tell(scene, id, linked, "QueueCallerJoin;Queue=repair;Position=1;CallerIDNum=13800138000");
}

static void test_many_events_are_one_call(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell(scene, "t-1.2", "t-1.1", "Newchannel");
	tell(scene, "t-1.1", "t-1.1",
		"AgentCalled;Queue=repair;Interface=PJSIP/201;MemberName=Wang");
	assert_string_equal(scene->offered, "13800138000 PJSIP/201");
	tell(scene, "t-1.1", "t-1.1", "AgentRingNoAnswer;Queue=repair;RingTime=4000");
	tell(scene, "t-1.1", "t-1.1", "AgentCalled;Queue=repair;Interface=PJSIP/202;MemberName=Li");
	tell(scene, "t-1.1", "t-1.1",
		"AgentConnect;Queue=repair;Interface=PJSIP/202;MemberName=Li;HoldTime=9;RingTime=2");
	tell(scene, "t-1.2", "t-1.1", "Hold");
	tell(scene, "t-1.1", "t-1.1", "MusicOnHoldStart");
	tell(scene, "t-1.1", "t-1.1", "MusicOnHoldStop");
	tell(scene, "t-1.2", "t-1.1", "Unhold");
	tell(scene, "t-1.1", "t-1.1",
		"AgentComplete;Queue=repair;MemberName=Li;HoldTime=9;TalkTime=21;Reason=caller");
	assert_int_equal(scene->offers, 2);
	assert_int_equal(scene->book.count, 1);
	assert_string_equal(scene->book.lines[0],
		"completed t-1.1/repair wait=9 ring=2 talk=21 hold=2 missed=1 end=2 exit=0 agent=Li");
	tell(scene, "t-1.1", "t-1.1", "Hangup;Cause=16");
	tell(scene, "t-1.2", "t-1.1", "Hangup;Cause=16");
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_LINGER_US);
	struct exchange_counts counts;
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls + counts.channels, 0);
	assert_int_equal(scene->book.count, 1);
}

#define ABANDON "QueueCallerAbandon;Queue=repair;Position=1;OriginalPosition=2;HoldTime=6"

/* The exchange tells both as abandoned: what stands around it tells them apart. */
/* Each of it once, whatever is told again; on a reconnect, too. */
static void test_what_is_not_over_is_told_once(void **state)
{
	struct scene *scene = *state;
	const struct book *changes = &scene->changes;
	tell_join(scene, "t-1.1", "t-1.1");
	assert_int_equal(changes->count, 1);
	assert_string_equal(changes->lines[0],
		"queued t-1.1/repair/queued wait=0 ring=0 talk=0 hold=0 missed=0 end=0 exit=0 agent=");
	assert_false(changes->partial[0]);
	exchange_lost(scene->exchange);
	tell(scene, "t-1.1", "t-1.1", "QueueEntry;Queue=repair;Position=1;Wait=9");
	assert_int_equal(changes->count, 1);
	tell(scene, "t-1.1", "t-1.1",
		"AgentConnect;Queue=repair;MemberName=Li;HoldTime=9;RingTime=2");
	tell(scene, "t-1.1", "t-1.1",
		"AgentConnect;Queue=repair;MemberName=Li;HoldTime=9;RingTime=2");
	assert_int_equal(changes->count, 2);
	assert_string_equal(changes->lines[1],
		"connected t-1.1/repair/connected wait=9 ring=2 talk=0 hold=0 missed=0 end=0 exit=0 agent=Li");
	assert_true(changes->partial[1]);
	tell(scene, "t-1.1", "t-1.1",
		"AgentComplete;Queue=repair;MemberName=Li;HoldTime=9;TalkTime=21;Reason=caller");
	assert_int_equal(scene->book.count, 1);

	/* Who waits already when somebody comes to listen; without a name nobody took it. */
	tell(scene, "t-2.1", "t-2.1", "QueueEntry;Queue=repair;Position=2;Wait=60");
	assert_int_equal(changes->count, 3);
	assert_memory_equal(changes->lines[2], "queued t-2.1/repair/queued ", 27);
	assert_true(changes->partial[2]);
	tell(scene, "t-2.1", "t-2.1", "AgentConnect;Queue=repair;HoldTime=9");
	assert_int_equal(changes->count, 3);
}

static void test_a_time_out_is_no_abandon(void **state)
{
	static const struct {
		const char *before; /* of the abandon */
		const char *after;
		const char *want;
	} rows[] = {
		{"HangupRequest;Cause=16", "Hangup", "abandoned"},
		{NULL, "VarSet;Variable=QUEUESTATUS;Value=TIMEOUT", "exited"},
		{NULL, "UserEvent;UserEvent=QueueResult;Status=TIMEOUT", "exited"},
		{NULL, "Newexten;Application=Playback", "exited"},
		{NULL, "QueueCallerJoin;Queue=other;Position=1", "exited"},
		{NULL, "Hangup", "exited"}, /* this exchange tells requests, and told none */
	};
	struct scene *scene = *state;
	tell_join(scene, "t-9.0", "t-9.0");
	tell(scene, "t-9.0", "t-9.0", "HangupRequest;Cause=16");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "t-1.%zu", i);
		size_t count = scene->book.count;
		tell_join(scene, id, id);
		if (rows[i].before != NULL)
			tell(scene, id, id, "%s", rows[i].before);
		tell(scene, id, id, ABANDON);
		if (rows[i].before == NULL)
			assert_int_equal(scene->book.count, count); /* not known yet */
		tell(scene, id, id, "%s", rows[i].after);
		assert_int_equal(scene->book.count, count + 1);
		assert_memory_equal(scene->book.lines[count], rows[i].want, strlen(rows[i].want));
		assert_non_null(strstr(scene->book.lines[count], "wait=6"));
	}
}

/* An exchange that never told a HangupRequest: what it calls abandoned is. */
static void test_without_requests_it_is_an_abandon(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell(scene, "t-1.1", "t-1.1", ABANDON);
	tell(scene, "t-1.1", "t-1.1", "Hangup");
	assert_memory_equal(scene->book.lines[0], "abandoned", 9);
}

static void test_queue_after_queue(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell(scene, "t-1.1", "t-1.1", "Newexten;Application=VoiceMail");
	tell(scene, "t-1.1", "t-1.1", "QueueCallerJoin;Queue=repair;Position=1");
	tell(scene, "t-1.1", "t-1.1", "AgentConnect;Queue=repair;MemberName=Li;HoldTime=1");
	tell(scene, "t-1.1", "t-1.1",
		"BlindTransfer;TransfererUniqueid=t-1.1;Extension=600;Context=agents");
	tell(scene, "t-1.1", "t-1.1",
		"AgentComplete;Queue=repair;MemberName=Li;HoldTime=1;TalkTime=2;Reason=transfer");
	assert_int_equal(scene->book.count, 2);
	assert_non_null(strstr(scene->book.lines[0], "exited t-1.1/repair wait="));
	assert_non_null(strstr(scene->book.lines[0], "exit=2")); /* by a key */
	assert_non_null(strstr(scene->book.lines[1], "completed t-1.1/repair/2 "));
	assert_non_null(strstr(scene->book.lines[1], "end=3"));
}

static void test_a_call_without_a_queue(void **state)
{
	struct scene *scene = *state;
	tell(scene, "t-1.1", "t-1.1", "Newchannel;Exten=402");
	tell(scene, "t-1.2", "t-1.1", "Newchannel");
	tell(scene, "t-1.1", "t-1.1", "Hangup;Cause=21");
	tell(scene, "t-1.2", "t-1.1", "Hangup;Cause=21");
	tell(scene, "x", "x",
		"Cdr;UniqueID=t-1.1;StartTime=2026-11-21 19:43:51;EndTime=2026-11-21 19:43:52;"
		"Duration=1;BillableSeconds=0;Disposition=NO ANSWER;Channel=Local/402@in");
	assert_int_equal(scene->book.count, 0);
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_LINGER_US);
	assert_int_equal(scene->book.count, 1);
	assert_memory_equal(scene->book.lines[0], "plain t-1.1 ", 12);
	assert_int_equal(scene->book.legs[0], 1);
}

/* Begun before anybody listened. */
static void test_what_was_missed_is_partial(void **state)
{
	struct scene *scene = *state;
	tell(scene, "t-1.1", "t-1.1",
		"AgentComplete;Queue=repair;MemberName=Li;HoldTime=3;TalkTime=4;Reason=agent");
	tell_join(scene, "t-1.2", "t-1.2");
	tell_join(scene, "t-1.3", "t-1.3");
	exchange_lost(scene->exchange);
	exchange_list_begin(scene->exchange);
	exchange_list_channel(scene->exchange, slice_text("t-1.2"));
	exchange_list_channel(scene->exchange, slice_text("t-1.1"));
	tell_join(scene, "t-1.4", "t-1.4"); /* newer than the list */
	exchange_list_end(scene->exchange, scene->now_us);
	assert_int_equal(scene->book.count, 2);
	assert_true(scene->book.partial[0]);
	assert_memory_equal(scene->book.lines[1], "cut t-1.3/repair ", 17);
	assert_true(scene->book.partial[1]);
	tell(scene, "t-1.4", "t-1.4", ABANDON);
	tell(scene, "t-1.4", "t-1.4", "Hangup");
	assert_false(scene->book.partial[2]);
}

static void test_calls_that_never_end(void **state)
{
	struct scene *scene = *state;
	struct exchange_counts counts;
	char id[32];
	for (size_t i = 0; i < LIMIT_CALLS + 10; i++) {
		(void)snprintf(id, sizeof(id), "t-1.%zu", i);
		tell(scene, id, id, "Newchannel");
	}
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls, LIMIT_CALLS);
	assert_int_equal(counts.given_up, 10);
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_CALL_AGE_US);
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls + counts.channels, 0);
}

/* Rows of a call come together: who has the first waits a second, not five, for the others. */
static void test_rows_end_the_waiting(void **state)
{
	struct scene *scene = *state;
	tell(scene, "t-1.1", "t-1.1", "Newchannel;CallerIDNum=201;Exten=600");
	tell(scene, "t-1.1", "t-1.1", "Hangup;Cause=16");
	tell(scene, "t-1.1", "t-1.1", "Cdr;Channel=PJSIP/201-1;Disposition=ANSWERED");
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_ROWS_US - 1);
	assert_int_equal(scene->book.count, 0);
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_ROWS_US);
	assert_int_equal(scene->book.count, 1);
	assert_int_equal(scene->book.legs[0], 1);
}

/* Its clock is two days behind: its calls are no older for that. */
static void test_an_exchange_with_a_wrong_clock(void **state)
{
	struct scene *scene = *state;
	struct exchange_counts counts;
	tell(scene, "t-1.1", "t-1.1", "Newchannel;CallerIDNum=13800138000;Timestamp=1795117200.5");
	tell(scene, "t-1.1", "t-1.1", "QueueCallerJoin;Queue=repair;Timestamp=1795117201.5");
	exchange_tend(scene->exchange, scene->now_us);
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls, 1);
	tell(scene, "t-1.1", "t-1.1", ABANDON ";Timestamp=1795117207.5");
	tell(scene, "t-1.1", "t-1.1", "Hangup;Timestamp=1795117207.5");
	assert_int_equal(scene->book.count, 1);
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_LINGER_US - 1);
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls, 1); /* rows of its books may follow */
	exchange_tend(scene->exchange, scene->now_us + EXCHANGE_LINGER_US);
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls + counts.given_up, 0);
}

static void test_ids_that_are_none(void **state)
{
	struct scene *scene = *state;
	struct exchange_counts counts;
	char id[200];
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	tell(scene, "", "", "QueueCallerJoin;Queue=repair");
	tell(scene, id, id, "QueueCallerJoin;Queue=repair");
	tell(scene, "t-1.1", "t-1.1", "Hangup"); /* of a channel that nobody knows */
	exchange_look(scene->exchange, &counts);
	assert_int_equal(counts.calls, 0);
	assert_int_equal(counts.passed, 2);
}

/* The caller stays on the line and presses keys; the form is told when he has gone. */
static void test_what_a_caller_answers(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell(scene, "t-1.1", "t-1.1",
		"AgentConnect;Queue=repair;Interface=PJSIP/202;MemberName=Li;HoldTime=9;RingTime=2");
	tell(scene, "t-1.1", "t-1.1",
		"AgentComplete;Queue=repair;MemberName=Li;HoldTime=9;TalkTime=21;Reason=agent");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=Feedback;Score=1");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=csat;Score=2");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=CSAT;Score=4;Wave=Q4");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=CSAT;Manner=");
	assert_int_equal(scene->forms.count, 0);
	tell(scene, "t-1.1", "t-1.1", "Hangup;Cause=16");
	assert_int_equal(scene->forms.count, 1);
	assert_string_equal(scene->form, "hotline Q4: overall=4 manner=-");
	assert_non_null(strstr(scene->forms.lines[0], "surveyed t-1.1/survey/hotline "));
	assert_non_null(strstr(scene->forms.lines[0], "agent=Li"));
	assert_int_equal(scene->book.count, 1); /* beside the call itself */
	exchange_end(scene->exchange, scene->now_us);
	assert_int_equal(scene->forms.count, 1);
	assert_string_equal(scene->refusal, "");
}

/* Two questionnaires; and the line to the exchange breaks before he hangs up. */
static void test_a_form_of_a_call_that_is_lost(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=CSAT;Survey=parts;Score=1");
	tell(scene, "t-1.1", "t-1.1", "UserEvent;UserEvent=CSAT;Survey=;Score=5");
	exchange_lost(scene->exchange);
	exchange_list_begin(scene->exchange);
	exchange_list_end(scene->exchange, scene->now_us);
	assert_int_equal(scene->forms.count, 2);
	assert_non_null(strstr(scene->forms.lines[0], "t-1.1/survey/hotline "));
	assert_non_null(strstr(scene->forms.lines[1], "t-1.1/survey/parts "));
}

/* What stands behind the first Event, UserEvent or Uniqueid is somebody's text; what is no answer is refused, and the
 * other answers are taken. */
static void test_answers_that_somebody_made_up(void **state)
{
	struct scene *scene = *state;
	tell_join(scene, "t-1.1", "t-1.1");
	tell_join(scene, "t-1.2", "t-1.2");
	tell(scene, "t-1.1", "t-1.1",
		"UserEvent;Uniqueid=t-1.2;UserEvent=Note;Text: Event: Hangup;Event=Hangup;"
		"UserEvent=CSAT;Score=5");
	tell(scene, "t-1.2", "t-1.2", "UserEvent;UserEvent=CSAT;Score=3: Event: Hangup;Manner=4.5");
	assert_string_equal(scene->refusal, "t-1.2 Score: is no number from 1 to 5");
	tell(scene, "t-1.2", "t-1.2", "UserEvent;UserEvent=CSAT;Score=6");
	tell(scene, "t-1.2", "t-1.2", "UserEvent;UserEvent=CSAT;Score=0.9");
	assert_int_equal(scene->forms.count, 0);
	assert_int_equal(scene->book.count, 0); /* nobody has hung up */
	tell(scene, "t-1.2", "t-1.2", "Hangup");
	tell(scene, "t-1.1", "t-1.1", "Hangup");
	assert_int_equal(scene->forms.count, 1);
	assert_string_equal(scene->form, "hotline : manner=4.5");
	tell(scene, "t-9.9", "t-9.9", "UserEvent;UserEvent=CSAT;Score=5"); /* of nobody's call */
	assert_int_equal(scene->forms.count, 1);
}

static void test_questions_that_are_none(void **state)
{
	static const struct {
		const char *text;
		const char *fault;
	} rows[] = {
		{"Score", "is not of the form FIELD=QUESTION"},
		{"=overall", "is not of the form FIELD=QUESTION"},
		{"Score=", "is not of the form FIELD=QUESTION"},
		{"Score=:staff", "is not of the form FIELD=QUESTION"},
		{"Score=overall", NULL},
		{"Other=overall", "names a field or a question twice"},
		{"Score=other", "names a field or a question twice"},
	};
	struct survey_rules rules = {.count = 0};
	char many[LIMIT_SURVEY_QUESTIONS][16];
	const char *fault = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fault = survey_rules_add(&rules, slice_text(rows[i].text));
		assert_true((fault == NULL) == (rows[i].fault == NULL));
		if (fault != NULL)
			assert_string_equal(fault, rows[i].fault);
	}
	for (size_t i = 0; i < LIMIT_SURVEY_QUESTIONS; i++) {
		(void)snprintf(many[i], sizeof(many[i]), "F%zu=q%zu", i, i);
		fault = survey_rules_add(&rules, slice_text(many[i]));
	}
	assert_string_equal(fault, "is one question too many");
	assert_null(survey_rules_scale(&rules, SLICE_LITERAL("-2 - 2.5")));
	assert_non_null(survey_rules_scale(&rules, SLICE_LITERAL("5")));
	assert_non_null(survey_rules_scale(&rules, SLICE_LITERAL("")));
	assert_non_null(survey_rules_scale(&rules, SLICE_LITERAL("5-1")));
	assert_non_null(survey_rules_scale(&rules, SLICE_LITERAL("one-5")));
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_many_events_are_one_call),
		SCENE(test_what_is_not_over_is_told_once),
		SCENE(test_a_time_out_is_no_abandon),
		SCENE(test_without_requests_it_is_an_abandon),
		SCENE(test_queue_after_queue),
		SCENE(test_a_call_without_a_queue),
		SCENE(test_what_was_missed_is_partial),
		SCENE(test_calls_that_never_end),
		SCENE(test_rows_end_the_waiting),
		SCENE(test_an_exchange_with_a_wrong_clock),
		SCENE(test_ids_that_are_none),
		SCENE(test_what_a_caller_answers),
		SCENE(test_a_form_of_a_call_that_is_lost),
		SCENE(test_answers_that_somebody_made_up),
		SCENE(test_questions_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
