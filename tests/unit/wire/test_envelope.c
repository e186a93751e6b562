#include "base/limits.h"
#include "unit/draw.h"
#include "wire/envelope.h"
#include "wire/pb.h"

#define OPEN_FIELD     "\x0a\x01x"     /* 1: "x" */
#define PERSONAL_FIELD "\xa2\x06\x01y" /* 100: "y" */

static struct envelope sample(void)
{
	return (struct envelope){.id = SLICE_LITERAL("1"),
		.source = SLICE_LITERAL("urn:till:7"),
		.type = SLICE_LITERAL("pos.sale.completed"),
		.time_us = -5,
		.data = SLICE_LITERAL(OPEN_FIELD),
		.personal = SLICE_LITERAL(PERSONAL_FIELD)};
}

static void parts_what_is_personal(void **state)
{
	(void)state;
	struct envelope in = sample();
	struct envelope out;
	struct buffer bytes = {0};
	const char *field = NULL;
	envelope_encode(&in, &bytes);
	assert_int_equal(envelope_parse(buffer_slice(&bytes), &out, &field), CH_OK);
	assert_slice_text(out.id, "1");
	assert_int_equal(out.time_us, -5);
	assert_true(slice_equal(out.personal, in.personal));
	assert_int_equal(out.after.len, 0);
	in.personal = slice_of(NULL, 0);
	struct buffer open = {0};
	envelope_encode(&in, &open);
	assert_true(slice_equal(out.before, buffer_slice(&open)));
	buffer_fini(&open);
	buffer_fini(&bytes);
}

static void expect(struct slice bytes, enum ch_status status, const char *field)
{
	struct envelope out;
	const char *at = "";
	assert_int_equal(envelope_parse(bytes, &out, &at), status);
	assert_string_equal(at, field);
}

static void refuse(const struct envelope *in, enum ch_status status, const char *field)
{
	struct buffer bytes = {0};
	envelope_encode(in, &bytes);
	expect(buffer_slice(&bytes), status, field);
	buffer_fini(&bytes);
}

static void names_the_attribute_at_fault(void **state)
{
	(void)state;
	static const char letters[LIMIT_SOURCE_BYTES + 2] = {'a'};
	struct envelope in = sample();
	in.id.len = 0;
	refuse(&in, CH_MISSING, "id");
	in = sample();
	in.type.len = 0;
	refuse(&in, CH_MISSING, "type");
	in = sample();
	in.source = slice_of(letters, LIMIT_SOURCE_BYTES);
	refuse(&in, CH_OK, "");
	in.source = slice_of(letters, LIMIT_SOURCE_BYTES + 1);
	refuse(&in, CH_TOO_LARGE, "source");
	in = sample();
	in.subject = SLICE_LITERAL("M\xfcller");
	refuse(&in, CH_FORMAT, "subject");
	in = sample();
	in.data = SLICE_LITERAL(PERSONAL_FIELD);
	refuse(&in, CH_INVALID, "data");
	in = sample();
	in.personal = SLICE_LITERAL(OPEN_FIELD);
	refuse(&in, CH_INVALID, "personal");
	in.personal = SLICE_LITERAL("\xa2\x06\x09y");
	refuse(&in, CH_FORMAT, "personal");
	expect(slice_of(NULL, 0), CH_MISSING, "id");
	expect(SLICE_LITERAL("\x08\x01"), CH_FORMAT, "id"); /* a number for a text */
	expect(SLICE_LITERAL("\x0a"), CH_FORMAT, "event");
}

/* Not encoded last: the open part is what stands before and behind it. */
static void finds_personal_in_the_middle(void **state)
{
	(void)state;
	struct buffer bytes = {0};
	struct envelope out;
	const char *field;
	pb_put_text(&bytes, 1, "1");
	pb_put_text(&bytes, 2, "urn:till:7");
	size_t before = bytes.len;
	pb_put_text(&bytes, 15, PERSONAL_FIELD);
	size_t after = bytes.len;
	pb_put_text(&bytes, 3, "pos.sale.completed");
	pb_put_uint(&bytes, 50, 1); /* of a later schema */
	struct slice whole = buffer_slice(&bytes);
	assert_int_equal(envelope_parse(whole, &out, &field), CH_OK);
	assert_true(slice_equal(out.before, slice_sub(whole, 0, before)));
	assert_true(slice_equal(out.after, slice_sub(whole, after, whole.len)));
	pb_put_text(&bytes, 15, PERSONAL_FIELD);
	expect(buffer_slice(&bytes), CH_FORMAT, "personal"); /* one of the two would be lost */
	buffer_fini(&bytes);
}

static void tells_when_it_happened(void **state)
{
	(void)state;
	const int64_t day = INT64_C(86400) * 1000000;
	const int64_t arrival = 20000 * day;
	const struct {
		int64_t time_us;
		int64_t sent_us;
		int64_t occurred_us;
	} rows[] = {
		{0, 0, arrival},
		{arrival - 5, 0, arrival - 5},
		{arrival - 5 + day, arrival + day, arrival - 5}, /* a day fast */
		{arrival - 5 - day, arrival - day, arrival - 5}, /* and slow */
		{arrival - 5, arrival - 6, arrival - 5},         /* sent before it happened */
		{1, 0, arrival},                                 /* 1970 */
		{INT64_MAX, 0, arrival},
		{INT64_MIN, INT64_MAX, arrival},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct envelope envelope = {.time_us = rows[i].time_us, .sent_us = rows[i].sent_us};
		assert_int_equal(envelope_occurred(&envelope, arrival), rows[i].occurred_us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_what_is_personal),
		cmocka_unit_test(names_the_attribute_at_fault),
		cmocka_unit_test(finds_personal_in_the_middle),
		cmocka_unit_test(tells_when_it_happened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
