/* Starting from the records and going on with the events. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "fanout/walk.h"
#include "session.h"
#include "stage_operations.h"

/* Records of this test: the key is a number, the value the sequence that wrote it last. */
static enum ch_status next_record(void *context, struct snapshot *snapshot, enum store_table table,
	struct snapshot_record *record)
{
	struct slice key;
	struct slice value;
	(void)context;
	enum ch_status status =
		snapshot_next(snapshot, table, buffer_slice(&record->key), &key, &value);
	if (status != CH_OK)
		return status;
	record->customer = table == TABLE_CUSTOMER ? load_be64(key.data) : 0;
	buffer_append_slice(&record->record, value);
	buffer_clear(&record->key);
	buffer_append_slice(&record->key, key);
	return CH_OK;
}

static int setup_every(void **state, int64_t freeze_us)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	stage->options.next_record = next_record;
	stage->freeze_us = freeze_us;
	stage_open(stage);
	*state = stage;
	return 0;
}

/* Checkpoints come when they are asked for, however long a test takes. */
static int setup(void **state)
{
	return setup_every(state, 3600000000);
}

/* They come all the time. */
static int setup_busy(void **state)
{
	return setup_every(state, 20000);
}

static int teardown(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

/* One entry, and in the same batch the record it changes: what ingest does. */
static void append_record(struct stage *stage, enum store_table table, uint64_t number)
{
	uint8_t key[9] = {0};
	uint8_t value[8];
	uint64_t sequence = journal_head(stage->journal) + 1;
	store_be64(key, number);
	key[8] = 'r';
	store_le64(value, sequence);
	struct change *change = state_begin(stage->state);
	change_put(change, table, slice_of(key, sizeof(key)), slice_of(value, sizeof(value)));
	(void)stage_append(stage, &(struct event){.customer = number}, 1);
	assert_int_equal(change_publish(change, sequence), CH_OK);
}

static struct subscribe from_snapshot(const char *name)
{
	return (struct subscribe){
		.handle = 1,
		.name = slice_text(name),
		.start.from = FROM_SNAPSHOT,
		.credit = 10000,
	};
}

static void test_records_then_every_event_after_them(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = from_snapshot("mirror");
	for (uint64_t i = 1; i <= 20; i++)
		append_record(stage, TABLE_CUSTOMER, i % 10 + 1);
	assert_int_equal(state_checkpoint(stage->state), CH_OK);
	append_record(stage, TABLE_CUSTOMER, 99);
	session_attach(&session, stage, &wish);
	uint64_t at = 0;
	for (uint32_t i = 1; i <= 10; i++) {
		const struct got *got = session_next(&session);
		assert_false(got->is_mark);
		assert_int_equal(got->part, i - 1);
		assert_int_equal(got->mode, DELIVERY_SNAPSHOT);
		assert_string_equal(got->text, "customers");
		assert_int_equal(got->customer, i);
		assert_int_equal(got->record_len, 8);
		at = got->sequence;
	}
	assert_int_equal(at, 20);
	assert_int_equal(session_next_mark(&session, MARK_SNAPSHOT_END)->mark.first, 20);
	assert_int_equal(session_next(&session)->sequence, 21);
	session_next_mark(&session, MARK_CAUGHT_UP);
	append_record(stage, TABLE_CUSTOMER, 5);
	assert_int_equal(session_next(&session)->sequence, 22);

	/* Until its end, or anything behind it, is acknowledged it begins again. */
	session_close(&session);
	session_attach(&session, stage, &wish);
	assert_int_equal(session_next(&session)->mode, DELIVERY_SNAPSHOT);
	const struct got *got = session_next(&session);
	while (!got->is_mark)
		got = session_next(&session);
	assert_int_equal(got->mark.what, MARK_SNAPSHOT_END);
	session_ack_up_to(&session, 1, got->mark.first);
	session_close(&session);
	stage_restart(stage);
	session_attach(&session, stage, &wish);
	got = session_next(&session);
	assert_true(got->is_mark || got->mode != DELIVERY_SNAPSHOT);
	session_close(&session);
}

static void test_tables_are_chosen(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = from_snapshot("mirror");
	wish.start.snapshot[wish.start.snapshot_count++] = SLICE_LITERAL("units");
	wish.start.snapshot[wish.start.snapshot_count++] = SLICE_LITERAL("reference");
	wish.start.snapshot[wish.start.snapshot_count++] = SLICE_LITERAL("tables");
	append_record(stage, TABLE_CUSTOMER, 1);
	append_record(stage, TABLE_REFERENCE, 2);
	append_record(stage, TABLE_UNIT, 3);
	append_record(stage, TABLE_UNIT, 4);
	assert_int_equal(state_checkpoint(stage->state), CH_OK);
	session_open(&session, stage, "p", false);
	assert_int_equal(session_subscribe(&session, &wish), CH_INVALID);
	wish.start.snapshot_count = 2;
	assert_int_equal(session_subscribe(&session, &wish), CH_OK);
	assert_string_equal(session_next(&session)->text, "units");
	assert_string_equal(session_next(&session)->text, "units");
	assert_string_equal(session_next(&session)->text, "reference");
	session_next_mark(&session, MARK_SNAPSHOT_END);
	session_close(&session);
}

static void test_a_filter_of_customers_holds_for_records(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = from_snapshot("mirror");
	wish.filter.customers[wish.filter.customer_count++] = 2;
	for (uint64_t i = 1; i <= 3; i++)
		append_record(stage, TABLE_CUSTOMER, i);
	assert_int_equal(state_checkpoint(stage->state), CH_OK);
	session_attach(&session, stage, &wish);
	assert_int_equal(session_next(&session)->customer, 2);
	session_next_mark(&session, MARK_SNAPSHOT_END);
	session_close(&session);
}

static void test_records_take_credit_and_grants_give_it_back(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = from_snapshot("mirror");
	wish.credit = 4;
	for (uint64_t i = 1; i <= 10; i++)
		append_record(stage, TABLE_CUSTOMER, i);
	assert_int_equal(state_checkpoint(stage->state), CH_OK);
	session_attach(&session, stage, &wish);
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(session_next(&session)->customer, i);
	session_expect_silence(&session);
	assert_string_equal(stage_consumer(stage, "mirror").state, "snapshot");
	session_grant(&session, 1, 6);
	for (uint64_t i = 5; i <= 10; i++)
		assert_int_equal(session_next(&session)->customer, i);
	session_expect_silence(&session);
	session_grant(&session, 1, 4);
	session_next_mark(&session, MARK_SNAPSHOT_END);
	session_close(&session);
}

static void test_without_records_there_are_the_events(void **state)
{
	struct stage *stage = *state;
	struct session session = {0};
	struct subscribe wish = from_snapshot("mirror");
	session_attach(&session, stage, &wish);
	assert_int_equal(session_next_mark(&session, MARK_SNAPSHOT_END)->mark.first, 0);
	session_next_mark(&session, MARK_CAUGHT_UP);
	append_record(stage, TABLE_CUSTOMER, 1);
	session_expect_run(&session, 1, 1);
	session_close(&session);
}

/* While records change all the time: what was read, and then every event once, gives what is. */
struct writer {
	struct stage *stage;
	uint64_t state[51]; /* by number: the sequence that wrote it last */
};

static void *write_records(void *context)
{
	struct writer *writer = context;
	unsigned seed = 5;
	for (int i = 0; i < 3000; i++) {
		uint64_t number = 1 + (uint64_t)rand_r(&seed) % 50;
		writer->state[number] = journal_head(writer->stage->journal) + 1;
		append_record(writer->stage, TABLE_CUSTOMER, number);
	}
	return NULL;
}

static void test_no_gap_and_no_double_under_writes(void **state)
{
	struct stage *stage = *state;
	struct writer writer = {.stage = stage};
	pthread_t thread;
	append_record(stage, TABLE_CUSTOMER, 50);
	writer.state[50] = 1;
	assert_int_equal(pthread_create(&thread, NULL, write_records, &writer), 0);
	for (int round = 0; round < 6; round++) {
		struct session session = {0};
		struct subscribe wish = from_snapshot("");
		session_attach(&session, stage, &wish);
		const struct got *got = session_next(&session);
		while (!got->is_mark)
			got = session_next(&session);
		assert_int_equal(got->mark.what, MARK_SNAPSHOT_END);
		uint64_t next = got->mark.first + 1;
		session_expect_run(&session, next, next + 100);
		session_close(&session);
	}
	(void)pthread_join(thread, NULL);
	struct session last = {0};
	struct subscribe wish = from_snapshot("");
	uint64_t mirror[51] = {0};
	session_attach(&last, stage, &wish);
	uint64_t upto = 0;
	while (upto < 3001) {
		const struct got *got = session_next(&last);
		if (got->is_mark) {
			if (got->mark.what == MARK_SNAPSHOT_END)
				upto = got->mark.first;
			continue;
		}
		assert_true(got->mode == DELIVERY_SNAPSHOT || got->sequence == upto + 1);
		mirror[got->customer] = got->sequence;
		if (got->mode != DELIVERY_SNAPSHOT)
			upto = got->sequence;
	}
	for (uint64_t i = 1; i <= 50; i++)
		assert_true(writer.state[i] <= mirror[i]);
	session_close(&last);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(test_records_then_every_event_after_them),
		ON_STAGE(test_tables_are_chosen),
		ON_STAGE(test_a_filter_of_customers_holds_for_records),
		ON_STAGE(test_records_take_credit_and_grants_give_it_back),
		ON_STAGE(test_without_records_there_are_the_events),
		cmocka_unit_test_setup_teardown(
			test_no_gap_and_no_double_under_writes, setup_busy, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
