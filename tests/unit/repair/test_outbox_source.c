/* What becomes of a batch of rows, without a database: the link is this file's, and gives rows of the test. */
#include "channel/repair/outbox_source.h"

#include <stdlib.h>

#include "support/unit.h"

#include "base/limits.h"
#include "base/text.h"
#include "source.h"

#define NATIVE "[file]\nformat = cloudevents\n[station]\nsource = /sh12\n"
#define DATA   "{\"repairOrderId\":\"R7\",\"station\":{\"stationId\":\"SH12\"}}"
#define ROWS   8u

static struct shelf {
	struct outbox_row rows[ROWS];
	size_t count;
	bool released;
	char *reasons[ROWS]; /* the test's */
} shelf;

struct outbox_link {
	int none;
};

enum ch_status outbox_link_check(const struct outbox_settings *settings, struct problems *problems)
{
	(void)settings;
	(void)problems;
	return CH_OK;
}

enum ch_status outbox_link_create(
	const struct outbox_settings *settings, struct outbox_link **out_link)
{
	static struct outbox_link link;
	(void)settings;
	*out_link = &link;
	return CH_OK;
}

void outbox_link_free(struct outbox_link *link)
{
	(void)link;
}

enum ch_status outbox_link_tend(struct outbox_link *link, struct kit_wait *out_wait)
{
	(void)link;
	(void)out_wait;
	return CH_OK;
}

bool outbox_link_is_resting(const struct outbox_link *link)
{
	(void)link;
	return shelf.released;
}

size_t outbox_link_held(const struct outbox_link *link)
{
	(void)link;
	return shelf.released ? 0 : shelf.count;
}

void outbox_link_row(const struct outbox_link *link, size_t index, struct outbox_row *out_row)
{
	(void)link;
	*out_row = shelf.rows[index];
	outbox_row_message(out_row);
}

enum ch_status outbox_link_release(struct outbox_link *link, char *const *reasons)
{
	(void)link;
	for (size_t i = 0; i < shelf.count; i++)
		shelf.reasons[i] = reasons[i] != NULL ? strdup(reasons[i]) : NULL;
	shelf.released = true;
	return CH_OK;
}

static int shelf_empty(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		free(shelf.reasons[i]);
	shelf = (struct shelf){.count = 0};
	return 0;
}

static struct outbox_row *shelf_add(const char *type, const char *payload)
{
	struct outbox_row *row = &shelf.rows[shelf.count++];
	*row = (struct outbox_row){
		.columns = {[OUTBOX_ID] = SLICE_LITERAL("b2c9"),
			[OUTBOX_AGGREGATETYPE] = SLICE_LITERAL("repair"),
			[OUTBOX_AGGREGATEID] = SLICE_LITERAL("R7"),
			[OUTBOX_CREATED_AT] = SLICE_LITERAL("2026-03-02T08:00:00.000001Z")}};
	row->columns[OUTBOX_TYPE] = slice_text(type);
	row->columns[OUTBOX_PAYLOAD] = slice_text(payload);
	return row;
}

/* Gives the batch and settles its events with `receipt`. */
static void run_batch(const struct ch_receipt *receipt)
{
	static const struct outbox_settings settings = {.batch = ROWS};
	struct mapping *mapping = source_mapping(NATIVE);
	struct kit_wait wait = {.timeout_ms = -1};
	struct kit_item item;
	void *source = NULL;
	uint64_t tokens[ROWS];
	size_t events = 0;
	assert_int_equal(outbox_source_open(&settings, mapping, &source), CH_OK);
	assert_int_equal(outbox_source_tend(source, &wait), CH_OK);
	while (outbox_source_next(source, &item) == CH_OK) {
		if (item.what == KIT_EVENT)
			tokens[events++] = item.token;
	}
	assert_int_equal(outbox_source_tend(source, &wait), CH_OK);
	assert_int_equal(shelf.released, events == 0);
	for (size_t i = 0; i < events; i++) {
		const struct kit_settled settled = {.token = tokens[i], .receipt = *receipt};
		outbox_source_settle(source, &settled);
	}
	assert_int_equal(outbox_source_tend(source, &wait), CH_OK);
	outbox_source_close(source);
	mapping_free(mapping);
}

static void test_usage(void **state)
{
	const struct ch_receipt taken = {.outcome = CH_OUTCOME_ACCEPTED};
	(void)state;
	shelf_add("repair.order.repaired", DATA);
	shelf_add("no.such.type", DATA);
	shelf_add("repair.order.closed", DATA);
	run_batch(&taken);
	assert_true(shelf.released);
	assert_null(shelf.reasons[0]);
	assert_non_null(strstr(shelf.reasons[1], "type: is no event type"));
	assert_null(shelf.reasons[2]);
}

/* A column that was not read is named, with its bound; the row behind it goes on. */
static void test_over(void **state)
{
	const struct ch_receipt taken = {.outcome = CH_OUTCOME_ACCEPTED};
	struct outbox_row *row = shelf_add("", DATA);
	(void)state;
	row->is_over = true;
	row->over = OUTBOX_TYPE;
	row = shelf_add("repair.order.repaired", "");
	row->is_over = true;
	row->over = OUTBOX_PAYLOAD;
	shelf_add("repair.order.repaired", DATA);
	run_batch(&taken);
	assert_true(shelf.released);
	assert_string_equal(shelf.reasons[0], "byte 0: type: is longer than 1024 bytes");
	assert_string_equal(shelf.reasons[1], "byte 0: payload: is longer than 1048576 bytes");
	assert_null(shelf.reasons[2]);
}

/* A receipt's words are cut where their room ends, which may be within a character.  A database refuses half a
 * character, and with it the whole batch, again and again. */
static void test_reason_ends_with_a_whole_character(void **state)
{
	static const char character[] = "名";
	struct ch_receipt refused = {.outcome = CH_OUTCOME_REFUSED, .reason = CH_INVALID};
	size_t room = sizeof(refused.detail) - 1;
	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		(void)shelf_empty(NULL);
		for (size_t i = 0; i < room; i++)
			refused.detail[i] = i < shift ? 'x' : character[(i - shift) % 3];
		shelf_add("repair.order.repaired", DATA);
		run_batch(&refused);
		assert_true(shelf.released);
		assert_true(text_is_utf8(slice_text(shelf.reasons[0])));
		assert_int_equal(
			strlen(shelf.reasons[0]), strlen("invalid:  ") + room - (room - shift) % 3);
	}
}

/* What the adapter ends without an answer to stays where it is. */
static void test_unanswered(void **state)
{
	const struct ch_receipt none = {.outcome = CH_OUTCOME_NONE};
	(void)state;
	shelf_add("repair.order.repaired", DATA);
	run_batch(&none);
	assert_false(shelf.released);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_usage, shelf_empty),
		cmocka_unit_test_teardown(test_over, shelf_empty),
		cmocka_unit_test_teardown(test_reason_ends_with_a_whole_character, shelf_empty),
		cmocka_unit_test_teardown(test_unanswered, shelf_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
