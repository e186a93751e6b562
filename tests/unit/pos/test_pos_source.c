#include "channel/pos/pos_source.h"

#include <stdio.h>
#include <unistd.h>

#include "unit/pos/till.h"

struct reading {
	FILE *file;
	struct pos_source *source;
	struct pos_item item;
};

static void reading_open(struct reading *reading, const char *text, const char *source)
{
	struct pos_options options = {.source = slice_text(source)};
	*reading = (struct reading){.file = tmpfile()};
	assert_non_null(reading->file);
	assert_int_equal(fwrite(text, 1, strlen(text), reading->file), strlen(text));
	rewind(reading->file);
	assert_int_equal(pos_source_open(&options, fileno(reading->file), &reading->source), CH_OK);
}

static enum ch_status reading_next(struct reading *reading)
{
	return pos_source_next(reading->source, &reading->item);
}

static void reading_close(struct reading *reading)
{
	pos_source_close(reading->source);
	(void)fclose(reading->file); /* only read from */
}

static void test_usage(void **state)
{
	(void)state;
	struct reading r;
	reading_open(&r, LOG(PLAIN_SALE("1") PLAIN_SALE("2")), NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_EVENT);
	assert_slice_text(r.item.envelope.id, "9/34/2026-03-02/1");
	assert_slice_text(r.item.key, "9/34/2026-03-02/1");
	assert_int_equal(reading_next(&r), CH_OK);
	assert_slice_text(r.item.envelope.id, "9/34/2026-03-02/2");
	assert_int_equal(reading_next(&r), CH_END);
	assert_int_equal(reading_next(&r), CH_END);
	reading_close(&r);
}

static void test_reading_again_gives_the_same(void **state)
{
	(void)state;
	uint8_t digest[32];
	struct reading r;
	reading_open(&r, LOG(PLAIN_SALE("1")), NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.envelope.digest.len, sizeof(digest));
	memcpy(digest, r.item.envelope.digest.data, sizeof(digest));
	reading_close(&r);
	/* The same record in another file, among others. */
	reading_open(&r, LOG("\n\n" PLAIN_SALE("7") "  " PLAIN_SALE("1")), NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_memory_not_equal(r.item.envelope.digest.data, digest, sizeof(digest));
	assert_int_equal(reading_next(&r), CH_OK);
	assert_memory_equal(r.item.envelope.digest.data, digest, sizeof(digest));
	assert_int_equal(r.item.line, 3);
	assert_int_equal(r.item.column, 1 + strlen(PLAIN_SALE("7")) + 2);
	reading_close(&r);
}

static void test_rejects_tell_where_what_and_why(void **state)
{
	(void)state;
	struct reading r;
	reading_open(&r,
		LOG(PLAIN_SALE("1") "\n" TRANSACTION(
			"2", RETAIL("\n" LINE("1", SALE("A", "one", "1")))) PLAIN_SALE("3")),
		NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_REJECT);
	assert_slice_text(r.item.key, "9/34/2026-03-02/2");
	assert_string_equal(r.item.fault->field, "RetailTransaction/LineItem/Sale/Quantity");
	assert_string_equal(r.item.fault->reason, "not a decimal number");
	assert_int_equal(r.item.fault->status, CH_FORMAT);
	assert_int_equal(r.item.fault->line, 3);
	assert_true(r.item.fault->column > 1);
	assert_int_equal(r.item.line, 2);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_slice_text(r.item.envelope.id, "9/34/2026-03-02/3");
	assert_int_equal(reading_next(&r), CH_END);
	reading_close(&r);
}

static void test_what_stands_twice(void **state)
{
	(void)state;
	struct reading r;
	reading_open(&r,
		LOG(PLAIN_SALE("1") PLAIN_SALE("1")
				TRANSACTION("1", RETAIL(LINE("1", SALE("A1", "1", "99.00"))))),
		NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_EVENT);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_REPEATED);
	assert_slice_text(r.item.key, "9/34/2026-03-02/1");
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_REJECT);
	assert_int_equal(r.item.fault->status, CH_CONFLICT);
	assert_string_equal(r.item.fault->field, "SequenceNumber");
	assert_string_equal(r.item.fault->reason, "other content under the identity of line 1");
	assert_int_equal(reading_next(&r), CH_END);
	reading_close(&r);
}

static void test_what_gives_no_event_is_told(void **state)
{
	(void)state;
	struct reading r;
	reading_open(&r,
		LOG(TRANSACTION("1", "<InventoryControlTransaction><LineItem/>"
				     "</InventoryControlTransaction>") PLAIN_SALE("2")),
		NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_SKIPPED);
	assert_slice_text(r.item.name, "InventoryControlTransaction");
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_EVENT);
	reading_close(&r);
}

static void test_a_broken_file_ends_with_its_reason(void **state)
{
	(void)state;
	struct reading r;
	reading_open(
		&r, "<POSLog xmlns='" ARTS "'>" PLAIN_SALE("1") "<Transaction>" HEAD("2"), NULL);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_EVENT);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_REJECT);
	assert_true(r.item.fault->file);
	assert_slice_text(r.item.key, "9/34/2026-03-02/2");
	assert_int_equal(reading_next(&r), CH_FORMAT);
	assert_int_equal(reading_next(&r), CH_FORMAT);
	reading_close(&r);
}

static void test_a_file_that_cannot_be_read(void **state)
{
	(void)state;
	struct pos_options options = {{NULL, 0}, NULL, {NULL, 0}};
	struct pos_source *source = NULL;
	struct pos_item item;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pos_source_open(&options, ends[1], &source), CH_OK); /* only for writing */
	assert_int_equal(pos_source_next(source, &item), CH_IO);
	assert_int_equal(pos_source_next(source, &item), CH_IO);
	pos_source_close(source);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_a_source_too_long_is_refused_not_cut(void **state)
{
	(void)state;
	char source[260];
	struct reading r;
	memset(source, 'x', sizeof(source) - 1);
	source[sizeof(source) - 1] = '\0';
	reading_open(&r, LOG(PLAIN_SALE("1")), source);
	assert_int_equal(reading_next(&r), CH_OK);
	assert_int_equal(r.item.kind, POS_ITEM_REJECT);
	assert_int_equal(r.item.fault->status, CH_TOO_LARGE);
	assert_int_equal(reading_next(&r), CH_END);
	reading_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_reading_again_gives_the_same),
		cmocka_unit_test(test_rejects_tell_where_what_and_why),
		cmocka_unit_test(test_what_stands_twice),
		cmocka_unit_test(test_what_gives_no_event_is_told),
		cmocka_unit_test(test_a_broken_file_ends_with_its_reason),
		cmocka_unit_test(test_a_file_that_cannot_be_read),
		cmocka_unit_test(test_a_source_too_long_is_refused_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
