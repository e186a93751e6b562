#include "kit/trace.h"
#include "support/unit.h"

#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void test_read(void **state)
{
	struct slice parent;
	(void)state;
	assert_int_equal(traceparent_read(SLICE_LITERAL(" " PARENT "\t"), &parent), CH_OK);
	assert_slice_text(parent, PARENT);
	assert_int_equal(
		traceparent_read(
			SLICE_LITERAL(
				"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"),
			&parent),
		CH_OK);
}

/* The W3C's own cases are in tests/samples/website.py. */
static void test_restarts(void **state)
{
	static const char *const cases[] = {
		"",
		PARENT "-more",
		PARENT ".",
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01later",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\001.",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-\303\251",
		"0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
	};
	struct slice parent;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(traceparent_read(slice_text(cases[i]), &parent), CH_FORMAT);
}

/* What a later version says more has a bound too: the envelope's, or the event would be refused for its trace. */
static void test_a_later_version_is_bounded(void **state)
{
	static const char begin[] = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-";
	char text[TRACE_BYTES + 1];
	struct slice parent;
	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, begin, sizeof(begin) - 1);
	assert_int_equal(traceparent_read(slice_of(text, TRACE_BYTES), &parent), CH_OK);
	assert_int_equal(parent.len, TRACE_BYTES);
	struct envelope envelope = {.traceparent = slice_of(text, sizeof(text))};
	assert_true(trace_settle(&envelope));
	assert_int_equal(envelope.traceparent.len, 0);
}

/* Whoever sends one that is none, or a state without a parent, is not refused for it. */
static void test_an_envelope_keeps_what_goes_on(void **state)
{
	const struct {
		struct slice parent;
		struct slice state;
		bool dropped;
		size_t parent_len;
		size_t state_len;
	} cases[] = {
		{{NULL, 0}, {NULL, 0}, false, 0, 0},
		{SLICE_LITERAL(PARENT), {NULL, 0}, false, 55, 0},
		{SLICE_LITERAL(" " PARENT), SLICE_LITERAL("a=1"), false, 55, 3},
		{SLICE_LITERAL(PARENT), SLICE_LITERAL("a=\001"), true, 55, 0},
		{SLICE_LITERAL("00-1"), SLICE_LITERAL("a=1"), true, 0, 0},
		{{NULL, 0}, SLICE_LITERAL("a=1"), true, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envelope envelope = {
			.traceparent = cases[i].parent, .tracestate = cases[i].state};
		assert_int_equal(trace_settle(&envelope), cases[i].dropped);
		assert_int_equal(envelope.traceparent.len, cases[i].parent_len);
		assert_int_equal(envelope.tracestate.len, cases[i].state_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_a_later_version_is_bounded),
		cmocka_unit_test(test_an_envelope_keeps_what_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
