#include "wire/cloud_attribute.h"

#include "support/unit.h"

#include <carehub/event.h>

static void expect(const struct envelope *envelope, const char *name, const char *wanted)
{
	const struct cloud_attribute *attribute = cloud_attribute_find(slice_text(name));
	struct buffer out = {0};
	assert_non_null(attribute);
	cloud_attribute_write(attribute, envelope, &out);
	assert_slice_text(buffer_slice(&out), wanted);
	buffer_fini(&out);
}

static void test_usage(void **state)
{
	const struct envelope envelope = {
		.id = SLICE_LITERAL("1/3"),
		.sent_us = 1772438400000001,
		.correlation_id = SLICE_LITERAL("c"),
		.checkpoint = {(const uint8_t *)"\x00\xffx", 3},
		.digest = {(const uint8_t *)"\x9f", 1},
	};
	(void)state;
	expect(&envelope, "id", "1/3");
	expect(&envelope, "time", "");
	expect(&envelope, "senttime", "2026-03-02T08:00:00.000001Z");
	expect(&envelope, "correlationid", "c");
	expect(&envelope, "checkpoint", "00ff78");
	expect(&envelope, "digest", "9f");
	assert_null(cloud_attribute_find(SLICE_LITERAL("sent")));
	assert_null(cloud_attribute_find(SLICE_LITERAL("")));
}

/* CloudEvents 1.0, 3.1: lower-case letters and digits, no more than 20 of them; and the numbers are those of
 * everybody else. */
static void test_names_and_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < cloud_attribute_count; i++) {
		const char *name = cloud_attributes[i].name;
		assert_in_range(strlen(name), 1, 20);
		for (; *name != 0; name++)
			assert_true(
				(*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9'));
		assert_int_equal(cloud_attributes[i].field, i + 1);
	}
	assert_int_equal(cloud_attribute_find(SLICE_LITERAL("digest"))->field, CH_DIGEST);
	assert_int_equal(cloud_attribute_find(SLICE_LITERAL("subject"))->field, CH_SUBJECT);
	assert_int_equal(cloud_attribute_find(SLICE_LITERAL("checkpoint"))->field, CH_CHECKPOINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_names_and_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
