#include "shelf.h"

#include "carehub/v1/hub.pb-c.h"
#include "module/kit/people.h"
#include "module/kit/people_inside.h"

static void fold(struct book_txn *txn, uint64_t sequence, const ProtobufCMessage *message)
{
	const struct feed_event event = {.sequence = sequence, .message = message};
	people_fold(txn, &event);
	assert_int_equal(book_status(txn), CH_OK);
}

static void merge(struct book_txn *txn, uint64_t retired, uint64_t stays)
{
	Carehub__V1__CustomerRecordMerged merged = CAREHUB__V1__CUSTOMER_RECORD_MERGED__INIT;
	merged.customer_number = stays;
	merged.retired_number = retired;
	fold(txn, 1, &merged.base);
}

static uint64_t now(struct book_txn *txn, uint64_t customer, uint64_t sequence)
{
	uint64_t number = 0;
	assert_int_equal(people_now(txn, customer, sequence, &number), CH_OK);
	return number;
}

static void test_numbers_lead_to_the_one_that_stays(void **state)
{
	struct shelf shelf;
	bool erased = true;
	(void)state;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, NULL, 0, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	assert_int_equal(now(txn, 0, 5), 0);
	assert_int_equal(now(txn, 11, 5), 11);
	merge(txn, 11, 12);
	merge(txn, 12, 13);
	assert_int_equal(now(txn, 11, 5), 13);
	assert_int_equal(now(txn, 12, 6), 13);

	/* The merge of 12 is undone, and an event filed under 13 meanwhile was 12's. */
	Carehub__V1__CustomerRecordUnmerged unmerged = CAREHUB__V1__CUSTOMER_RECORD_UNMERGED__INIT;
	uint64_t moved[] = {40};
	unmerged.customer_number = 13;
	unmerged.restored_number = 12;
	unmerged.moved_sequences = moved;
	unmerged.n_moved_sequences = 1;
	fold(txn, 50, &unmerged.base);
	assert_int_equal(now(txn, 11, 5), 12);
	assert_int_equal(now(txn, 13, 40), 12);
	assert_int_equal(now(txn, 13, 41), 13);
	assert_int_equal(now(txn, 13, 0), 13);

	Carehub__V1__CustomerRecordErased gone = CAREHUB__V1__CUSTOMER_RECORD_ERASED__INIT;
	gone.customer_number = 13;
	assert_int_equal(people_erased(txn, 13, &erased), CH_OK);
	assert_false(erased);
	fold(txn, 60, &gone.base);
	assert_int_equal(people_erased(txn, 13, &erased), CH_OK);
	assert_true(erased);
	assert_int_equal(book_commit(txn), CH_OK);
	book_close(book);
	shelf_remove(&shelf);
}

static void test_a_circle_is_no_endless_loop(void **state)
{
	struct shelf shelf;
	uint64_t number;
	(void)state;
	shelf_make(&shelf);
	struct book *book = shelf_open(&shelf, NULL, 0, BOOK_WRITE);
	struct book_txn *txn = shelf_begin(book, true);
	merge(txn, 7, 7);
	assert_int_equal(now(txn, 7, 1), 7);
	merge(txn, 7, 8);
	merge(txn, 8, 7);
	assert_int_equal(people_now(txn, 7, 1, &number), CH_CORRUPT);
	book_abort(txn);
	book_close(book);
	shelf_remove(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_lead_to_the_one_that_stays),
		cmocka_unit_test(test_a_circle_is_no_endless_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
