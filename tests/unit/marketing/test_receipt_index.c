/* Receipts are found again, whatever their numbers look like and whatever is in memory. */
#include "unit/module/shelf.h"

#include "base/hash.h"
#include "module/kit/key.h"
#include "module/marketing/basket/receipt_index.h"
#include "module/marketing/book_tables.h"

struct rig {
	struct shelf shelf;
	struct book *book;
	struct receipt_index *index;
};

static int setup(void **state)
{
	static struct rig rig;
	shelf_make(&rig.shelf);
	rig.book = shelf_open(&rig.shelf, marketing_tables, MARKETING_TABLES, BOOK_WRITE);
	assert_int_equal(receipt_index_create(&rig.index), CH_OK);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	receipt_index_free(rig->index);
	book_close(rig->book);
	shelf_remove(&rig->shelf);
	return 0;
}

static struct receipt_spot find(
	struct rig *rig, struct book_txn *txn, const char *till, const char *number)
{
	const struct slip_name name = {.store = SLICE_LITERAL("S1"),
		.till = slice_text(till),
		.date = SLICE_LITERAL("2026-03-01"),
		.number = slice_text(number)};
	struct receipt_spot spot;
	assert_int_equal(
		receipt_index_find(rig->index, txn, RECEIPT_BY_NUMBER, &name, &spot), CH_OK);
	return spot;
}

static void put(struct rig *rig, struct book_txn *txn, const char *till, const char *number,
	struct receipt receipt)
{
	const struct receipt_spot spot = find(rig, txn, till, number);
	assert_int_equal(receipt_index_put(rig->index, &spot, receipt), CH_OK);
}

static void assert_receipt(struct rig *rig, struct book_txn *txn, const char *till,
	const char *number, uint32_t basket, bool voided)
{
	const struct receipt_spot spot = find(rig, txn, till, number);
	struct receipt receipt = receipt_index_get(&spot);
	assert_int_equal(receipt.basket, basket);
	assert_int_equal(receipt.voided, voided);
}

static void settle(struct rig *rig, struct book_txn *txn)
{
	receipt_index_settle(rig->index, txn);
	assert_int_equal(book_commit(txn), CH_OK);
}

static void test_usage(void **state)
{
	struct rig *rig = *state;
	struct book_txn *txn = shelf_begin(rig->book, true);
	assert_receipt(rig, txn, "1", "1017", RECEIPT_NONE, false);
	put(rig, txn, "1", "1017", (struct receipt){.basket = 5});
	put(rig, txn, "1", "1018", (struct receipt){.basket = 6, .voided = true});
	put(rig, txn, "1", "1019", (struct receipt){.basket = RECEIPT_NONE, .voided = true});
	put(rig, txn, "2", "1017", (struct receipt){.basket = 7});
	settle(rig, txn);
	for (unsigned life = 0; life < 2; life++) {
		txn = shelf_begin(rig->book, true);
		assert_int_equal(book_count(txn, TABLE_RECEIPTS), 2); /* rows of two tills */
		assert_receipt(rig, txn, "1", "1017", 5, false);
		assert_receipt(rig, txn, "1", "1018", 6, true);
		assert_receipt(rig, txn, "1", "1019", RECEIPT_NONE, true);
		assert_receipt(rig, txn, "2", "1017", 7, false);
		assert_receipt(rig, txn, "1", "1020", RECEIPT_NONE, false);
		settle(rig, txn); /* what was only asked for changes nothing */
		receipt_index_forget(rig->index);
	}
}

/* No two of them are one. */
static void test_numbers_of_all_kinds(void **state)
{
	static const char *const numbers[] = {"", "0", "5", "7", "05", "17", "005", "017", "517",
		"0517", "5170", "51700", "5a", "a5", "a05", "17a", "5-17", "517 ", " 517", "x",
		"S1-20260301-0517", "S1-20260301-0518", "S1-20260301-05", "\xe4\xb8\x80"};
	enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
	struct rig *rig = *state;
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (uint32_t i = 0; i < NUMBERS; i++) {
		assert_receipt(rig, txn, "1", numbers[i], RECEIPT_NONE, false);
		put(rig, txn, "1", numbers[i], (struct receipt){.basket = i});
	}
	settle(rig, txn);
	receipt_index_forget(rig->index);
	txn = shelf_begin(rig->book, false);
	for (uint32_t i = 0; i < NUMBERS; i++)
		assert_receipt(rig, txn, "1", numbers[i], i, false);
	book_abort(txn);
}

/* More tills than rows are kept of; batches that are void; old ones that go. */
static void test_random_receipts(void **state)
{
	enum { TILLS = 700, NUMBERS = 300, BATCHES = 40, BATCH = 2000 };
	struct rig *rig = *state;
	static uint32_t baskets[TILLS][NUMBERS]; /* and one; 0: not known */
	static bool voided[TILLS][NUMBERS];
	static uint32_t before[BATCH][3];
	uint64_t seed = 3;
	uint32_t next = 0;
	uint32_t first = 0;
	memset(baskets, 0, sizeof(baskets));
	memset(voided, 0, sizeof(voided));
	for (unsigned batch = 0; batch < BATCHES; batch++) {
		struct book_txn *txn = shelf_begin(rig->book, true);
		bool is_void = batch % 7 == 3;
		uint32_t next_before = next;
		for (unsigned i = 0; i < BATCH; i++) {
			char till[16];
			char number[16];
			seed = hash_mix(seed + i, UINT64_C(0x9e3779b97f4a7c15));
			uint32_t t = (uint32_t)(seed % TILLS);
			uint32_t n = (uint32_t)(seed >> 32) % NUMBERS;
			(void)snprintf(till, sizeof(till), "%u", (unsigned)t);
			(void)snprintf(number, sizeof(number), t % 2 == 0 ? "%u" : "%08u",
				(unsigned)(n * 37));
			uint32_t known = baskets[t][n];
			bool gone = known != 0 && known - 1 < first;
			assert_receipt(rig, txn, till, number,
				known == 0 || gone ? RECEIPT_NONE : known - 1,
				voided[t][n] && !gone);
			before[i][0] = t * NUMBERS + n;
			before[i][1] = known;
			before[i][2] = voided[t][n];
			if (known == 0 || gone) {
				baskets[t][n] = ++next;
				voided[t][n] = false;
			} else {
				voided[t][n] = true;
			}
			put(rig, txn, till, number,
				(struct receipt){baskets[t][n] - 1, voided[t][n]});
		}
		if (is_void) {
			book_abort(txn);
			receipt_index_forget(rig->index);
			next = next_before;
			for (unsigned i = BATCH; i > 0; i--) {
				const uint32_t *was = before[i - 1];
				baskets[was[0] / NUMBERS][was[0] % NUMBERS] = was[1];
				voided[was[0] / NUMBERS][was[0] % NUMBERS] = was[2] != 0;
			}
			continue;
		}
		settle(rig, txn);
		if (batch % 9 == 8) {
			first = next / 2;
			txn = shelf_begin(rig->book, true);
			assert_int_equal(receipt_index_trim(rig->index, txn, first), CH_OK);
			assert_int_equal(book_commit(txn), CH_OK);
		}
	}
}

/* Voided before they came: they stay, whatever is trimmed.  A row of which nothing is left goes. */
static void test_what_is_trimmed(void **state)
{
	struct rig *rig = *state;
	struct book_txn *txn = shelf_begin(rig->book, true);
	put(rig, txn, "1", "100", (struct receipt){.basket = 1});
	put(rig, txn, "1", "200", (struct receipt){.basket = 2, .voided = true});
	put(rig, txn, "1", "201", (struct receipt){.basket = RECEIPT_NONE, .voided = true});
	put(rig, txn, "1", "300", (struct receipt){.basket = 10});
	receipt_index_settle(rig->index, txn);
	assert_int_equal(receipt_index_trim(rig->index, txn, 10), CH_OK);
	assert_int_equal(book_count(txn, TABLE_RECEIPTS), 2);
	assert_receipt(rig, txn, "1", "100", RECEIPT_NONE, false);
	assert_receipt(rig, txn, "1", "200", RECEIPT_NONE, false);
	assert_receipt(rig, txn, "1", "201", RECEIPT_NONE, true);
	assert_receipt(rig, txn, "1", "300", 10, false);
	assert_int_equal(book_commit(txn), CH_OK);
}

/* A row that nobody of us wrote ends the transaction, and with it the book. */
static void test_a_bad_row(void **state)
{
	struct rig *rig = *state;
	static const char *const bad[] = {
		"1234", "\x65zzzz", "\x02zzzz\x02zzzz", "\x02zzzz\x01zzzz"};
	const struct slip_name name = {.number = SLICE_LITERAL("12")};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct book_txn *txn = shelf_begin(rig->book, true);
		struct receipt_spot spot;
		struct key key;
		key_start(&key);
		key_byte(&key, RECEIPT_BY_NUMBER);
		for (unsigned j = 0; j < 4; j++)
			key_text(&key, (struct slice){NULL, 0});
		book_put(txn, TABLE_RECEIPTS, key_slice(&key), slice_text(bad[i]));
		assert_int_equal(
			receipt_index_find(rig->index, txn, RECEIPT_BY_NUMBER, &name, &spot),
			CH_CORRUPT);
		assert_int_equal(book_status(txn), CH_CORRUPT);
		book_abort(txn);
		receipt_index_forget(rig->index);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_numbers_of_all_kinds),
		TEST(test_random_receipts),
		TEST(test_what_is_trimmed),
		TEST(test_a_bad_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
