#include "channel/callcenter/esl_words.h"

#include <stdarg.h>

#include "book.h"
#include "channel/callcenter/exchange.h"

struct scene {
	struct exchange *exchange;
	struct esl_reader *reader;
	struct esl_words words;
	struct book book;
	struct book changes;
	char offered[96];
	int64_t now_s;
};

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

static void scene_offered(void *context, const struct call_offer *offer)
{
	struct scene *scene = context;
	(void)snprintf(scene->offered, sizeof(scene->offered), "%.*s %.*s %.*s",
		(int)offer->caller_number.len, (const char *)offer->caller_number.data,
		(int)offer->queue.len, (const char *)offer->queue.data,
		(int)offer->agent_interface.len, (const char *)offer->agent_interface.data);
}

static int scene_begin(void **state)
{
	static struct scene scene;
	const struct exchange_listener listener = {
		.finished = scene_finished,
		.offered = scene_offered,
		.changed = scene_changed,
		.context = &scene,
	};
	const struct exchange_options options = {.zone = NULL};
	scene = (struct scene){.now_s = 1795290000};
	assert_int_equal(exchange_create(&listener, &options, &scene.exchange), CH_OK);
	assert_int_equal(esl_reader_create(&scene.reader), CH_OK);
	*state = &scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;
	exchange_free(scene->exchange);
	esl_reader_free(scene->reader);
	return 0;
}

/* "Event-Name;Name=value;..." a second later. */
static void tell(struct scene *scene, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void tell(struct scene *scene, const char *format, ...)
{
	char text[1024];
	struct buffer body = {0};
	struct buffer bytes = {0};
	struct esl_message message;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buffer_append_text(&body, "Event-Name: ");
	for (const char *c = text; *c != 0; c++) {
		if (*c == ';')
			buffer_append_byte(&body, '\n');
		else if (*c == '=')
			buffer_append_text(&body, ": ");
		else
			buffer_append_byte(&body, (uint8_t)*c);
	}
	scene->now_s++;
	buffer_printf(&body, "\nEvent-Date-Timestamp: %lld000000\n\n", (long long)scene->now_s);
	buffer_printf(&bytes, "Content-Length: %zu\nContent-Type: text/event-plain\n\n", body.len);
	buffer_append_slice(&bytes, buffer_slice(&body));
	assert_int_equal(esl_reader_feed(scene->reader, buffer_slice(&bytes)), CH_OK);
	assert_int_equal(esl_reader_next(scene->reader, &message), CH_OK);
	esl_words_of(&message, &scene->words);
	for (size_t i = 0; i < scene->words.count; i++)
		assert_int_equal(
			exchange_take(scene->exchange, &scene->words.messages[i], 0), CH_OK);
	buffer_fini(&body);
	buffer_fini(&bytes);
}

#define INFO   "CUSTOM;Event-Subclass=callcenter%%3A%%3Ainfo;CC-Queue=repair%%40d;"
#define MEMBER ";CC-Member-Session-UUID=u-1;CC-Member-CID-Number=13800138000"

static void tell_join(struct scene *scene)
{
	tell(scene, "CHANNEL_CREATE;Unique-ID=u-1;Channel-Call-UUID=u-1;"
		    "Caller-Caller-ID-Number=13800138000;Caller-Caller-ID-Name=%%E7%%8E%%8B");
	tell(scene, INFO "CC-Action=member-queue-start" MEMBER);
}

static void tell_connect(struct scene *scene)
{
	tell(scene, INFO "CC-Action=agent-offering;CC-Agent=1001%%40d" MEMBER);
	tell(scene, "CHANNEL_CREATE;Unique-ID=u-2;Channel-Call-UUID=u-2;"
		    "variable_cc_member_session_uuid=u-1");
	tell(scene, INFO
		"CC-Action=bridge-agent-start;CC-Agent=1001%%40d;Unique-ID=u-2;"
		"CC-Member-Joined-Time=1000;CC-Agent-Called-Time=1004;CC-Agent-Answered-Time=1007" MEMBER);
}

#define ENDED                                                                                      \
	"CC-Action=member-queue-end;CC-Cause=Terminated;CC-Agent=1001%%40d;"                       \
	"CC-Member-Joined-Time=1000;CC-Agent-Answered-Time=1007;CC-Member-Leaving-Time=1028;"      \
	"Answer-State=hangup"

static void test_many_events_are_one_call(void **state)
{
	struct scene *scene = *state;
	tell_join(scene);
	tell(scene, INFO "CC-Action=members-count;CC-Count=1");
	tell(scene, INFO "CC-Action=agent-offering;CC-Agent=1000%%40d" MEMBER);
	assert_string_equal(scene->offered, "13800138000 repair@d 1000@d");
	tell(scene, INFO
		"CC-Action=bridge-agent-fail;CC-Hangup-Cause=NO_ANSWER;CC-Agent=1000%%40d" MEMBER);
	tell(scene, INFO "CC-Action=bridge-agent-fail;CC-Hangup-Cause=ORIGINATOR_CANCEL" MEMBER);
	tell_connect(scene);
	tell(scene, "CHANNEL_HOLD;Unique-ID=u-2;variable_cc_member_session_uuid=u-1");
	tell(scene, "CHANNEL_UNHOLD;Unique-ID=u-2;variable_cc_member_session_uuid=u-1");
	tell(scene, INFO "CC-Action=bridge-agent-end" MEMBER);
	tell(scene, INFO ENDED ";variable_sip_hangup_disposition=recv_bye" MEMBER);
	assert_int_equal(scene->book.count, 1);
	assert_string_equal(scene->book.lines[0], "completed u-1/repair@d wait=7 ring=3 talk=21 "
						  "hold=1 missed=1 end=2 exit=0 agent=1001@d");
	assert_int_equal(scene->changes.count, 2);
	assert_string_equal(scene->changes.lines[0],
		"queued u-1/repair@d/queued wait=0 ring=0 talk=0 hold=0 missed=0 end=0 exit=0 agent=");
	tell(scene, "CHANNEL_HANGUP_COMPLETE;Unique-ID=u-2;variable_cc_member_session_uuid=u-1");
	tell(scene, "CHANNEL_HANGUP_COMPLETE;Unique-ID=u-1;Channel-Call-UUID=u-1");
	exchange_end(scene->exchange, 0);
	assert_int_equal(scene->book.count, 1); /* legs of it are no calls */
}

/* The queue looks ten times a second: his channel may be gone before it says so.  The same call comes of it. */
static void test_a_hangup_before_the_end(void **state)
{
	struct scene *scene = *state;
	tell_join(scene);
	tell_connect(scene);
	tell(scene,
		"CHANNEL_HANGUP_COMPLETE;Unique-ID=u-1;Channel-Call-UUID=u-1;variable_cc_side=member;"
		"variable_cc_queue_answered_epoch=1007;Caller-Channel-Hangup-Time=1028400000;"
		"variable_sip_hangup_disposition=send_bye");
	assert_int_equal(scene->book.count, 1);
	assert_string_equal(scene->book.lines[0], "completed u-1/repair@d wait=7 ring=3 talk=21 "
						  "hold=0 missed=0 end=1 exit=0 agent=1001@d");
	tell(scene, INFO ENDED MEMBER);
	assert_int_equal(scene->book.count, 1);
}

static void test_how_a_queue_is_left(void **state)
{
	static const struct {
		const char *told;
		const char *want;
	} rows[] = {
		{"CC-Cancel-Reason=BREAK_OUT;Answer-State=hangup",
			"abandoned u-1/repair@d wait=6 "},
		{"CC-Cancel-Reason=BREAK_OUT",
			"abandoned u-1/repair@d wait=6 "}, /* by what follows */
		{"CC-Cancel-Reason=BREAK_OUT;Answer-State=answered", "exited u-1/repair@d wait=6 "},
		{"CC-Cancel-Reason=TIMEOUT;Answer-State=answered", "exited u-1/repair@d wait=6 "},
		{"CC-Cancel-Reason=NO_AGENT_TIMEOUT", "exited u-1/repair@d wait=6 "},
		{"CC-Cancel-Reason=EXIT_WITH_KEY", "exited u-1/repair@d wait=6 "},
	};
	static const int exits[] = {0, 0, 0, 1, 3, 2};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char exit[16];
		tell_join(scene);
		tell(scene,
			INFO
			"CC-Action=member-queue-end;CC-Cause=Cancel;CC-Member-Joined-Time=1000;"
			"CC-Member-Leaving-Time=1006;%s" MEMBER,
			rows[i].told);
		tell(scene, "CHANNEL_HANGUP_COMPLETE;Unique-ID=u-1;Channel-Call-UUID=u-1");
		exchange_end(scene->exchange, 0);
		assert_int_equal(scene->book.count, i + 1);
		assert_memory_equal(scene->book.lines[i], rows[i].want, strlen(rows[i].want));
		(void)snprintf(exit, sizeof(exit), "exit=%d ", exits[i]);
		assert_non_null(strstr(scene->book.lines[i], exit));
	}
}

static void test_who_ended_it(void **state)
{
	static const struct {
		const char *told;
		const char *want;
	} rows[] = {
		{"variable_sip_hangup_disposition=recv_bye", "end=2"},
		{"variable_sip_hangup_disposition=send_bye", "end=1"},
		{"variable_endpoint_disposition=BLIND_TRANSFER", "end=3"},
		{"x=y", "end=0"},
	};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tell_join(scene);
		tell_connect(scene);
		tell(scene, INFO ENDED ";%s" MEMBER, rows[i].told);
		assert_non_null(strstr(scene->book.lines[i], rows[i].want));
		exchange_end(scene->exchange, 0);
	}
}

static void test_a_call_without_a_queue(void **state)
{
	struct scene *scene = *state;
	tell(scene,
		"CHANNEL_CREATE;Unique-ID=u-1;Channel-Call-UUID=u-1;Caller-Caller-ID-Number=201");
	tell(scene, "CHANNEL_CREATE;Unique-ID=u-2;Channel-Call-UUID=u-1");
	tell(scene, "CHANNEL_ANSWER;Unique-ID=u-1;Channel-Call-UUID=u-1");
	for (int i = 2; i > 0; i--)
		tell(scene,
			"CHANNEL_HANGUP_COMPLETE;Unique-ID=u-%d;Channel-Call-UUID=u-1;"
			"Caller-Channel-Created-Time=1795290000500000;Hangup-Cause=NORMAL_CLEARING;"
			"Caller-Channel-Answered-Time=1795290002000000",
			i);
	exchange_end(scene->exchange, 0);
	assert_int_equal(scene->book.count, 1);
	assert_memory_equal(scene->book.lines[0], "plain u-1 ", 10);
	assert_int_equal(scene->book.legs[0], 2);
}

static void test_what_says_nothing(void **state)
{
	struct scene *scene = *state;
	const struct esl_message reply = {
		.kind = ESL_REPLY, .name = SLICE_LITERAL("CHANNEL_CREATE")};
	esl_words_of(&reply, &scene->words);
	assert_int_equal(scene->words.count, 0);
	tell(scene, "HEARTBEAT;Up-Time=1");
	assert_int_equal(scene->words.count, 0);
	tell(scene, INFO "CC-Action=agent-status-change;CC-Agent=1");
	assert_int_equal(scene->words.count, 0);
	tell(scene, "CUSTOM;Event-Subclass=CSAT;Unique-ID=u-1;Score=4;UserEvent=Other");
	assert_int_equal(scene->words.count, 1);
	assert_slice_text(scene->words.messages[0].name, "UserEvent");
	assert_slice_text(ami_get(&scene->words.messages[0], "UserEvent"), "CSAT");
	assert_slice_text(ami_get(&scene->words.messages[0], "Score"), "4");
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_many_events_are_one_call),
		SCENE(test_a_hangup_before_the_end),
		SCENE(test_how_a_queue_is_left),
		SCENE(test_who_ended_it),
		SCENE(test_a_call_without_a_queue),
		SCENE(test_what_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
