#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/link_table.h"

/* A descriptor, and who was reported closed. */
#define FD 30

struct desk {
	struct link_table table;
	const void *closed[8];
	int closed_count;
};

static void desk_closed(void *context, void *owner)
{
	struct desk *desk = context;
	desk->closed[desk->closed_count++] = owner;
}

static void desk_open(struct desk *desk)
{
	*desk = (struct desk){0};
	desk->table.closed = desk_closed;
	desk->table.context = desk;
}

static struct link *begin(struct desk *desk, uint64_t handshake)
{
	struct link *link = NULL;
	assert_int_equal(link_table_begin(&desk->table, FD, handshake, &link), CH_OK);
	return link;
}

static void end(struct desk *desk, uint64_t handshake)
{
	assert_int_equal(link_table_end(&desk->table, FD, handshake), CH_OK);
}

static enum ch_status claim(struct desk *desk, uint64_t handshake, void *owner)
{
	struct link *link = NULL;
	enum ch_status status = link_table_claim(&desk->table, FD, handshake, owner, &link);
	assert_int_equal(status == CH_OK, link != NULL);
	if (link != NULL)
		assert_ptr_equal(link->owner, owner);
	return status;
}

static int anna;
static int bert;

static void test_a_connection_begins_speaks_and_ends(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	assert_null(link_table_get(&desk.table, FD));
	struct link *link = begin(&desk, 0);
	assert_ptr_equal(link_table_get(&desk.table, FD), link);
	assert_int_equal(desk.table.open, 1);
	assert_int_equal(claim(&desk, 1, &anna), CH_OK);
	end(&desk, 1);
	assert_int_equal(desk.closed_count, 1);
	assert_ptr_equal(desk.closed[0], &anna);
	assert_int_equal(desk.table.open, 0);
	link_table_fini(&desk.table);
}

/* Anna said a word and went; it is read when Bert has her number, and has spoken.  She is gone, at once and
 * whenever she is asked for, and Bert keeps what is his. */
static void test_who_is_gone_takes_nobodys_place(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	(void)begin(&desk, 0);
	end(&desk, 1); /* 1 was Anna's */
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	(void)begin(&desk, 1);
	/* Nor does she take it from a Bert who has yet to speak: cutting her would hit him. */
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	assert_int_equal(claim(&desk, 2, &bert), CH_OK);
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	assert_int_equal(desk.closed_count, 0);
	assert_ptr_equal(link_table_get(&desk.table, FD)->owner, &bert);
	link_table_fini(&desk.table);
}

/* The system gives a number again before the old end is read: it is read before Bert's handshake. */
static void test_the_next_one_has_the_number_to_himself(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	struct link *link = begin(&desk, 0);
	assert_int_equal(claim(&desk, 1, &anna), CH_OK);
	uint64_t tenancy = link->tenancy;
	end(&desk, 7);
	assert_ptr_equal(begin(&desk, 7), link);
	assert_int_equal(desk.closed_count, 1);
	assert_int_not_equal(link->tenancy, tenancy);
	assert_int_equal(claim(&desk, 8, &bert), CH_OK);
	assert_int_equal(link->messages, 0);
	link_table_fini(&desk.table);
}

/* With several I/O threads the beginning may be told after a message has come, ... */
static void test_a_beginning_that_is_told_late_is_waited_for(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	assert_int_equal(claim(&desk, 1, &anna), CH_RETRY);
	(void)begin(&desk, 1);
	assert_int_equal(claim(&desk, 1, &anna), CH_OK);
	end(&desk, 1);
	assert_int_equal(claim(&desk, 2, &bert), CH_RETRY);
	(void)begin(&desk, 2);
	assert_int_equal(claim(&desk, 2, &bert), CH_OK);
	link_table_fini(&desk.table);
}

/* ... and even after the end: that one is never taken for open. */
static void test_a_beginning_told_after_the_end_opens_nothing(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	end(&desk, 1);
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	(void)begin(&desk, 1);
	assert_int_equal(desk.table.open, 0);
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	(void)begin(&desk, 1); /* Bert's */
	assert_int_equal(desk.table.open, 1);
	assert_int_equal(claim(&desk, 2, &bert), CH_OK);
	link_table_fini(&desk.table);
}

static void test_an_end_that_nobody_told_of(void **state)
{
	struct desk desk;
	(void)state;
	desk_open(&desk);
	(void)begin(&desk, 0);
	assert_int_equal(claim(&desk, 1, &anna), CH_OK);
	(void)begin(&desk, 1);
	assert_int_equal(desk.closed_count, 1);
	assert_int_equal(desk.table.open, 1);
	assert_int_equal(claim(&desk, 1, &anna), CH_CLOSED);
	assert_int_equal(claim(&desk, 2, &bert), CH_OK);
	link_table_fini(&desk.table);
}

static void test_no_number_at_all(void **state)
{
	struct desk desk;
	struct link *link = NULL;
	(void)state;
	desk_open(&desk);
	assert_int_equal(link_table_begin(&desk.table, -1, 0, &link), CH_NOMEM);
	assert_int_equal(link_table_claim(&desk.table, -1, 1, &anna, &link), CH_RETRY);
	assert_null(link_table_get(&desk.table, -1));
	assert_null(link_table_get(&desk.table, 100000));
	assert_null(link);
	link_table_fini(&desk.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_connection_begins_speaks_and_ends),
		cmocka_unit_test(test_who_is_gone_takes_nobodys_place),
		cmocka_unit_test(test_the_next_one_has_the_number_to_himself),
		cmocka_unit_test(test_a_beginning_that_is_told_late_is_waited_for),
		cmocka_unit_test(test_a_beginning_told_after_the_end_opens_nothing),
		cmocka_unit_test(test_an_end_that_nobody_told_of),
		cmocka_unit_test(test_no_number_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
