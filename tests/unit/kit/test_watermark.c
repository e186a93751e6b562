#include "kit/watermark.h"

#include "support/unit.h"

#define SOURCE SLICE_LITERAL("urn:a")

static struct mark *add(struct watermark *watermark, const char *checkpoint)
{
	struct mark *mark;
	assert_int_equal(watermark_add(watermark, SOURCE, slice_text(checkpoint), &mark), CH_OK);
	return mark;
}

static void expect(struct watermark *watermark, const char *own, const char *wanted)
{
	assert_slice_text(watermark_cover(watermark, SOURCE, slice_text(own)), wanted);
}

static void test_usage(void **state)
{
	struct watermark *watermark = watermark_create();
	struct mark *marks[6];
	(void)state;
	assert_non_null(watermark);
	expect(watermark, "c1", "c1"); /* nothing before it is open */
	marks[1] = add(watermark, "c1");
	expect(watermark, "c2", "");
	marks[2] = add(watermark, "c2");
	marks[3] = add(watermark, "c3");
	marks[4] = add(watermark, "c4");
	watermark_settle(watermark, marks[1]);
	watermark_settle(watermark, marks[2]);
	expect(watermark, "c5", "c2");
	watermark_settle(watermark, marks[4]); /* behind one that is open */
	expect(watermark, "c5", "c2");
	marks[5] = add(watermark, "c5");
	watermark_settle(watermark, marks[3]);
	expect(watermark, "c6", "c4");
	watermark_settle(watermark, marks[5]);
	expect(watermark, "c6", "c6");
	watermark_free(watermark);
}

static void test_several_events_of_one_place(void **state)
{
	struct watermark *watermark = watermark_create();
	(void)state;
	assert_non_null(watermark);
	struct mark *first = add(watermark, "");
	struct mark *second = add(watermark, "c1");
	struct mark *third = add(watermark, "");
	watermark_settle(watermark, second);
	expect(watermark, "", "");
	watermark_settle(watermark, first);
	expect(watermark, "", "c1");
	watermark_settle(watermark, third);
	expect(watermark, "", ""); /* its own, and it has none */
	watermark_free(watermark);
}

static void test_sources_have_their_own(void **state)
{
	struct watermark *watermark = watermark_create();
	struct mark *other;
	(void)state;
	assert_non_null(watermark);
	assert_int_equal(
		watermark_add(watermark, SLICE_LITERAL("urn:b"), SLICE_LITERAL("b1"), &other),
		CH_OK);
	watermark_settle(watermark, add(watermark, "a1"));
	expect(watermark, "a2", ""); /* b1 is open, and nobody knows what it stands for */
	watermark_settle(watermark, other);
	(void)add(watermark, "a2");
	expect(watermark, "a3", "a1");
	assert_slice_text(
		watermark_cover(watermark, SLICE_LITERAL("urn:b"), SLICE_LITERAL("b2")), "b1");
	watermark_forget(watermark);
	expect(watermark, "a3", "");
	watermark_free(watermark); /* with one that is open */
}

static void test_what_was_never_sent(void **state)
{
	struct watermark *watermark = watermark_create();
	(void)state;
	assert_non_null(watermark);
	watermark_drop(watermark, add(watermark, "c1"));
	expect(watermark, "c2", "c2");
	watermark_drop(watermark, NULL);
	watermark_settle(watermark, NULL);
	watermark_free(watermark);
	watermark_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_several_events_of_one_place),
		cmocka_unit_test(test_sources_have_their_own),
		cmocka_unit_test(test_what_was_never_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
