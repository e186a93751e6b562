#include "channel/callcenter/pop.h"

#include <stdio.h>

#include "base/limits.h"
#include "support/unit.h"

/* SLICE_LITERAL where a constant is asked for. */
#define WORD(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)("" text), sizeof(text) - 1                                       \
	}

struct screen {
	char line[4096];
	char agent[64];
	size_t pushed;
	char asked[64];
	uint64_t ticket;
	enum ch_status answer; /* of asking */
};

static enum ch_status screen_ask(void *context, struct slice number, uint64_t ticket)
{
	struct screen *screen = context;
	(void)snprintf(screen->asked, sizeof(screen->asked), "%.*s", (int)number.len,
		(const char *)number.data);
	screen->ticket = ticket;
	return screen->answer;
}

static void screen_push(void *context, struct slice agent, struct slice line)
{
	struct screen *screen = context;
	screen->pushed++;
	(void)snprintf(screen->agent, sizeof(screen->agent), "%.*s", (int)agent.len,
		(const char *)agent.data);
	(void)snprintf(
		screen->line, sizeof(screen->line), "%.*s", (int)line.len, (const char *)line.data);
}

static const struct call_names names = {.source = WORD("/c")};
static struct screen screen;

static int begin(void **state)
{
	struct pop *pop = NULL;
	const struct pop_options options = {&names, screen_ask, screen_push, &screen};
	screen = (struct screen){.answer = CH_OK};
	assert_int_equal(pop_create(&options, &pop), CH_OK);
	*state = pop;
	return 0;
}

static int end(void **state)
{
	pop_free(*state);
	return 0;
}

static const struct call_offer offer = {
	.call_id = WORD("t-1.1"),
	.uniqueid = WORD("t-1.1"),
	.queue = WORD("repair"),
	.caller_number = WORD(" 13800138000"),
	.caller_name = WORD("\"\xff"),
	.agent_name = WORD("Wang"),
	.agent_interface = WORD("PJSIP/201"),
};

static void test_the_record_is_pushed(void **state)
{
	Carehub__V1__CustomerReply reply;
	Carehub__V1__CustomerView views[2];
	Carehub__V1__CustomerView *both[] = {&views[0], &views[1]};
	(void)state;
	carehub__v1__customer_reply__init(&reply);
	carehub__v1__customer_view__init(&views[0]);
	carehub__v1__customer_view__init(&views[1]);
	views[0].key_assurance = CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED;
	views[0].proven = CAREHUB__V1__ANSWER__ANSWER_YES;
	views[1].key_assurance = CAREHUB__V1__ASSURANCE__ASSURANCE_CLAIMED;
	views[1].proven = CAREHUB__V1__ANSWER__ANSWER_NO;
	reply.customers = both;
	for (size_t n = 0; n <= 2; n++) {
		static const char *const words[] = {"none", "found", "several"};
		pop_offer(*state, &offer);
		assert_string_equal(screen.asked, "13800138000");
		assert_int_equal(screen.pushed, n); /* only when there is an answer */
		reply.n_customers = n;
		pop_answer(*state, screen.ticket, CH_OK, &reply);
		assert_int_equal(screen.pushed, n + 1);
		assert_string_equal(screen.agent, "201");
		assert_non_null(strstr(screen.line, words[n]));
		assert_non_null(strstr(screen.line, "\"name\":\"\\\"\xEF\xBF\xBD\""));
	}
	/* In the order in which the hub gave them, and each with why. */
	assert_non_null(strstr(screen.line,
		"[{\"keyAssurance\":\"ASSURANCE_VERIFIED\",\"proven\":\"ANSWER_YES\"},"
		"{\"keyAssurance\":\"ASSURANCE_CLAIMED\",\"proven\":\"ANSWER_NO\"}]"));
	pop_answer(*state, screen.ticket, CH_OK, &reply); /* twice is once */
	assert_int_equal(screen.pushed, 3);
}

static void test_without_a_record_the_call_is_told(void **state)
{
	struct call_offer anonymous = offer;
	(void)state;
	anonymous.caller_number = SLICE_LITERAL("anonymous");
	pop_offer(*state, &anonymous);
	assert_non_null(strstr(screen.line, "\"lookup\":\"anonymous\",\"customers\":[]}"));
	assert_string_equal(screen.asked, "");
	pop_offer(*state, &offer);
	pop_answer(*state, screen.ticket, CH_TIMEOUT, NULL);
	assert_non_null(strstr(screen.line, "\"lookup\":\"failed\",\"reason\":\"timeout\""));
	screen.answer = CH_CLOSED;
	pop_offer(*state, &offer);
	assert_non_null(strstr(screen.line, "\"reason\":\"closed\""));
	pop_answer(*state, screen.ticket, CH_NOT_FOUND, NULL); /* nobody waits for it */
	assert_int_equal(screen.pushed, 3);
}

/* A hub that does not answer holds so many, no more; the oldest are given up. */
static void test_too_many_at_once(void **state)
{
	struct pop_counts counts;
	(void)state;
	pop_offer(*state, &offer);
	uint64_t first = screen.ticket;
	for (size_t i = 0; i < LIMIT_POPS; i++)
		pop_offer(*state, &offer);
	pop_answer(*state, first, CH_NOT_FOUND, NULL);
	assert_int_equal(screen.pushed, 0);
	pop_answer(*state, screen.ticket, CH_NOT_FOUND, NULL);
	assert_int_equal(screen.pushed, 1);
	pop_look(*state, &counts);
	assert_int_equal(counts.dropped, 1);
	assert_int_equal(counts.offers, LIMIT_POPS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_record_is_pushed, begin, end),
		cmocka_unit_test_setup_teardown(test_without_a_record_the_call_is_told, begin, end),
		cmocka_unit_test_setup_teardown(test_too_many_at_once, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
