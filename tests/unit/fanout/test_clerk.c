#include "fanout/clerk.h"

#include <stdio.h>
#include <stdlib.h>

#include "fanout/rows.h"
#include "support/scratch.h"
#include "support/unit.h"

struct office {
	char dir[256];
	struct desk *desk;
	struct clerk *clerk;
	struct mailbox replies;
	struct mailbox looks;
	uint64_t settled;
	enum ch_status status;
};

static void office_settled(void *context, uint64_t folio, enum ch_status status)
{
	struct office *office = context;
	office->settled = folio;
	office->status = status;
}

static int setup(void **state)
{
	struct office *office = calloc(1, sizeof(*office));
	scratch_make(office->dir, "clerk");
	assert_int_equal(desk_open(office->dir, &office->desk), CH_OK);
	mailbox_init(&office->replies, NULL, NULL);
	mailbox_init(&office->looks, NULL, NULL);
	const struct clerk_options options = {
		.desk = office->desk,
		.replies = &office->replies,
		.settled = office_settled,
		.context = office,
	};
	assert_int_equal(clerk_start(&options, &office->clerk), CH_OK);
	*state = office;
	return 0;
}

static int teardown(void **state)
{
	struct office *office = *state;
	clerk_stop(office->clerk);
	(void)mailbox_take(&office->replies);
	mailbox_fini(&office->replies);
	mailbox_fini(&office->looks);
	desk_close(office->desk);
	scratch_remove(office->dir);
	free(office);
	return 0;
}

static void wait_settled(struct office *office, uint64_t folio)
{
	while (office->settled < folio) {
		struct mailbox_node *node = mailbox_wait(&office->replies, 10000000);
		assert_non_null(node);
		while (node != NULL) {
			struct task *task = task_of(node);
			node = node->next;
			task->run(task);
		}
	}
	assert_int_equal(office->status, CH_OK);
}

struct look {
	struct task task;
	struct clerk *clerk;
	struct mailbox *back;
	size_t count;
	char last[64];
};

static bool look_count(void *context, struct slice key, struct slice value)
{
	struct look *look = context;
	(void)key;
	look->count++;
	(void)snprintf(
		look->last, sizeof(look->last), "%.*s", (int)value.len, (const char *)value.data);
	return true;
}

static void look_back(struct task *task)
{
	(void)task;
}

static void look_run(struct task *task)
{
	struct look *look = (struct look *)(void *)task;
	assert_int_equal(desk_scan(clerk_desk(look->clerk), DESK_PENDING, (struct slice){NULL, 0},
				 look_count, look),
		CH_OK);
	look->task.run = look_back;
	(void)mailbox_post(look->back, &look->task.node);
}

static struct look look_at(struct office *office)
{
	struct look look = {.task.run = look_run, .clerk = office->clerk, .back = &office->looks};
	assert_true(clerk_post(office->clerk, &look.task));
	assert_non_null(mailbox_wait(&office->looks, 10000000));
	return look;
}

static void test_what_is_put_is_there_when_its_folio_is_settled(void **state)
{
	struct office *office = *state;
	uint8_t key[ROW_KEY_BYTES];
	assert_false(clerk_has_work(office->clerk));
	for (uint64_t i = 1; i <= 10; i++)
		clerk_put(office->clerk, DESK_PENDING, row_key(key, "a", i), SLICE_LITERAL("one"));
	uint64_t first = clerk_folio(office->clerk);
	clerk_submit(office->clerk);
	assert_false(clerk_is_free(office->clerk));
	/* The next one fills meanwhile. */
	clerk_put(office->clerk, DESK_PENDING, row_key(key, "a", 3), SLICE_LITERAL("two"));
	clerk_delete(office->clerk, DESK_PENDING, row_key(key, "a", 10));
	assert_int_equal(clerk_folio(office->clerk), first + 1);
	wait_settled(office, first);
	assert_true(clerk_is_free(office->clerk));
	assert_int_equal(look_at(office).count, 10);
	clerk_submit(office->clerk);
	wait_settled(office, first + 1);
	assert_int_equal(look_at(office).count, 9);
}

static void test_all_of_a_name_and_no_other(void **state)
{
	struct office *office = *state;
	uint8_t key[ROW_KEY_BYTES];
	static const char *const names[] = {"a", "ab", "b"};
	for (size_t n = 0; n < 3; n++) {
		for (uint64_t i = 1; i <= 5; i++)
			clerk_put(office->clerk, DESK_PENDING, row_key(key, names[n], i),
				slice_text(names[n]));
	}
	clerk_delete_all(office->clerk, DESK_PENDING, row_prefix(key, "a"));
	clerk_put(office->clerk, DESK_PENDING, row_key(key, "a", 7), SLICE_LITERAL("later"));
	uint64_t folio = clerk_folio(office->clerk);
	clerk_submit(office->clerk);
	wait_settled(office, folio);
	assert_int_equal(look_at(office).count, 11);
}

static void test_keys_come_apart_again(void **state)
{
	(void)state;
	uint8_t key[ROW_KEY_BYTES];
	char longest[LIMIT_NAME_BYTES + 1];
	struct slice name;
	uint64_t sequence;
	memset(longest, 'n', LIMIT_NAME_BYTES);
	longest[LIMIT_NAME_BYTES] = 0;
	assert_int_equal(row_split(row_key(key, longest, 77), &name, &sequence), CH_OK);
	assert_slice_text(name, longest);
	assert_int_equal(sequence, 77);
	assert_int_equal(row_split(SLICE_LITERAL("short"), &name, &sequence), CH_CORRUPT);
	assert_int_equal(row_split(SLICE_LITERAL("no zero there"), &name, &sequence), CH_CORRUPT);
}

static void test_rows_come_back_as_they_were(void **state)
{
	(void)state;
	struct buffer bytes = {0};
	struct cursor_row got;
	const struct cursor_row row = {
		.incarnation = UINT64_MAX,
		.base = 5,
		.base_arrival_us = -7,
		.done = SLICE_LITERAL("\x01\x02\x03"),
		.suspended = true,
		.best_lag = 9,
		.buried = 1,
	};
	form_encode(&cursor_form, &row, &bytes);
	assert_int_equal(row_read(&cursor_form, buffer_slice(&bytes), &got), CH_OK);
	assert_int_equal(got.incarnation, UINT64_MAX);
	assert_int_equal(got.base_arrival_us, -7);
	assert_true(slice_equal(got.done, row.done));
	assert_true(got.suspended && !got.snapshot_due);
	assert_int_equal(got.buried, 1);
	bytes.len--;
	bytes.data[0] = 0xff;
	assert_int_equal(row_read(&cursor_form, buffer_slice(&bytes), &got), CH_CORRUPT);
	buffer_fini(&bytes);
}

#define IN_OFFICE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_OFFICE(test_what_is_put_is_there_when_its_folio_is_settled),
		IN_OFFICE(test_all_of_a_name_and_no_other),
		cmocka_unit_test(test_keys_come_apart_again),
		cmocka_unit_test(test_rows_come_back_as_they_were),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
