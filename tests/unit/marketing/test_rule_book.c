/* Receipts through the running module's book against mining all of them in one go. */
#include "unit/module/shelf.h"

#include "base/hash.h"
#include "base/limits.h"
#include "carehub/v1/pos.pb-c.h"
#include "module/marketing/basket/basket_file.h"
#include "module/marketing/basket/rule_book.h"
#include "module/marketing/basket/rule_report.h"
#include "module/marketing/book_tables.h"

#define LINES_MAX 64u

struct rig {
	struct shelf shelf;
	struct book *book;
	struct rule_book_options options;
	struct rule_book *rules;
	uint64_t sequence;
};

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*seed, UINT64_C(0xe7037ed1a0b428db)) % below;
}

static void load(struct rig *rig)
{
	struct book_txn *txn = shelf_begin(rig->book, false);
	assert_int_equal(rule_book_load(rig->rules, txn), CH_OK);
	book_abort(txn);
}

static int setup(void **state)
{
	static const char *const ignored[] = {"NONE"};
	static struct rig rig;
	rig = (struct rig){.options = {.support = {{2, 2}, 3},
				   .ignored = ignored,
				   .ignored_count = 1,
				   .most = 1000000}};
	shelf_make(&rig.shelf);
	const struct book_form form = {.directory = rig.shelf.directory,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1};
	assert_int_equal(book_open(&form, BOOK_WRITE, &rig.book), CH_OK);
	assert_int_equal(rule_book_create(&rig.options, &rig.rules), CH_OK);
	load(&rig);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	rule_book_free(rig->rules);
	book_close(rig->book);
	shelf_remove(&rig->shelf);
	return 0;
}

/* Tills number as they like. */
static void number_text(unsigned form, unsigned receipt, char out[16])
{
	switch (form % 4) {
	case 0:
		(void)snprintf(out, 16, "%u", receipt);
		break;
	case 1:
		(void)snprintf(out, 16, "%06u", receipt);
		break;
	case 2:
		(void)snprintf(out, 16, "A-%u", receipt);
		break;
	default:
		(void)snprintf(out, 16, "%ux", receipt);
		break;
	}
}

static void fill_ref(
	Carehub__V1__TransactionRef *ref, char number[16], char till[16], unsigned receipt)
{
	static char shop[] = "S1";
	static char date[] = "2026-03-01";
	static char tills[] = "1\0002\0003\0004\0005\0006";
	carehub__v1__transaction_ref__init(ref);
	number_text(receipt, receipt, number);
	number_text(receipt / 7, receipt, till);
	ref->store_id = shop;
	ref->workstation_id = tills + receipt % 6 * 2;
	ref->business_date = date;
	ref->sequence_number = number;
	ref->transaction_id = till;
}

static void fold_sale(
	struct rig *rig, struct book_txn *txn, unsigned receipt, char *const *names, size_t count)
{
	char number[16];
	char till[16];
	Carehub__V1__TransactionRef ref;
	Carehub__V1__SaleLine lines[LINES_MAX + 2];
	Carehub__V1__SaleLine *list[LINES_MAX + 2];
	Carehub__V1__RetailTransaction transaction = CAREHUB__V1__RETAIL_TRANSACTION__INIT;
	Carehub__V1__PosSaleCompleted sale = CAREHUB__V1__POS_SALE_COMPLETED__INIT;
	fill_ref(&ref, number, till, receipt);
	for (size_t i = 0; i < count + 2; i++) {
		static char back[] = "came back";
		static char voided[] = "voided";
		carehub__v1__sale_line__init(&lines[i]);
		lines[i].item_id = i < count ? names[i] : i == count ? back : voided;
		if (i == count)
			lines[i].action = CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN;
		if (i == count + 1)
			lines[i].voided = CAREHUB__V1__ANSWER__ANSWER_YES;
		list[i] = &lines[i];
	}
	transaction.ref = &ref;
	transaction.lines = list;
	transaction.n_lines = count + 2;
	sale.transaction = &transaction;
	struct feed_event event = {.sequence = ++rig->sequence, .message = &sale.base};
	if (rig->sequence % 3 == 0) {
		assert_int_equal(rule_book_fold(rig->rules, txn, &event), CH_OK);
		return;
	}
	/* As it travelled, as most are. */
	static uint8_t bytes[(LINES_MAX + 2) * 96];
	assert_true(carehub__v1__pos_sale_completed__get_packed_size(&sale) <= sizeof(bytes));
	event.head.data = slice_of(bytes, carehub__v1__pos_sale_completed__pack(&sale, bytes));
	event.message = NULL;
	assert_int_equal(rule_book_skim(rig->rules, txn, &event), CH_OK);
}

static void fold_void(struct rig *rig, struct book_txn *txn, unsigned receipt, bool by_till)
{
	static char nothing[] = "";
	char number[16];
	char till[16];
	char own_number[16];
	char own_till[16];
	Carehub__V1__TransactionRef own;
	Carehub__V1__TransactionRef original;
	Carehub__V1__RetailTransaction transaction = CAREHUB__V1__RETAIL_TRANSACTION__INIT;
	Carehub__V1__PosSaleVoided voided = CAREHUB__V1__POS_SALE_VOIDED__INIT;
	fill_ref(&own, own_number, own_till, receipt + 1000000);
	fill_ref(&original, number, till, receipt);
	if (by_till)
		original.sequence_number = nothing;
	else
		original.transaction_id = nothing;
	original.store_id = nothing; /* the same shop */
	transaction.ref = &own;
	voided.transaction = &transaction;
	voided.original = &original;
	const struct feed_event event = {.sequence = ++rig->sequence, .message = &voided.base};
	assert_int_equal(rule_book_fold(rig->rules, txn, &event), CH_OK);
}

static void settle(struct rig *rig, struct book_txn *txn)
{
	assert_int_equal(rule_book_settle(rig->rules, txn), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
}

static void save(struct rig *rig)
{
	struct book_txn *txn = shelf_begin(rig->book, true);
	assert_int_equal(rule_book_save(rig->rules, txn), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
}

/* Another process: all that is in memory is gone. */
static void restart(struct rig *rig)
{
	rule_book_free(rig->rules);
	assert_int_equal(rule_book_create(&rig->options, &rig->rules), CH_OK);
	load(rig);
}

static void report(const struct basket_store *store, struct item_sets *sets, struct buffer *out)
{
	struct rules rules;
	const struct decimal half = {5, 1};
	assert_int_equal(rules_make(sets, half, &rules), CH_OK);
	const struct rule_report it = {store, sets, &rules, half, half, true};
	rule_report_json(&it, out);
	assert_int_equal(out->status, CH_OK);
	rules_fini(&rules);
	item_sets_fini(sets);
}

/* Byte by byte what mining these baskets in one go gives. */
static void check(struct rig *rig, const struct basket_store *all)
{
	struct item_sets kept;
	struct item_sets batch;
	struct buffer ours = {0};
	struct buffer theirs = {0};
	assert_int_equal(rule_book_update(rig->rules), CH_OK);
	assert_int_equal(miner_sets(rule_book_miner(rig->rules), &kept), CH_OK);
	assert_int_equal(item_sets_mine(all, rig->options.support, &batch), CH_OK);
	report(rule_book_store(rig->rules), &kept, &ours);
	report(all, &batch, &theirs);
	assert_string_equal(buffer_text(&ours), buffer_text(&theirs));
	buffer_fini(&ours);
	buffer_fini(&theirs);
}

static struct basket_store *empty_store(void)
{
	struct basket_store *store = NULL;
	assert_int_equal(basket_store_create(&store), CH_OK);
	return store;
}

static void add(struct basket_store *store, char *const *names, size_t count)
{
	uint32_t items[LINES_MAX];
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], "NONE") != 0)
			assert_int_equal(
				basket_store_item(store, slice_text(names[i]), &items[kept++]),
				CH_OK);
	}
	assert_int_equal(basket_store_add(store, items, kept), CH_OK);
}

static void test_usage(void **state)
{
	struct rig *rig = *state;
	char *const names[] = {(char *)(uintptr_t) "bread", (char *)(uintptr_t) "coffee",
		(char *)(uintptr_t) "NONE"};
	struct basket_store *all = empty_store();
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (unsigned i = 0; i < 10; i++) {
		fold_sale(rig, txn, i, names, 3);
		fold_sale(rig, txn, i, names, 3); /* resent under another id */
		if (i != 4)
			add(all, names, 3);
	}
	fold_void(rig, txn, 4, false);
	settle(rig, txn);
	check(rig, all);
	assert_int_equal(rule_book_figures(rig->rules).receipts, 9);
	restart(rig);
	check(rig, all);
	basket_store_free(all);
}

struct receipt {
	char *names[8];
	size_t count;
	bool voided;
};

/* Receipts, voids before and behind them, batches that are void, starts with and without a tree, old halves that
 * go; now and then a look. */
static void test_random_tills(void **state)
{
	struct rig *rig = *state;
	static struct receipt receipts[6000];
	static unsigned taken[6000]; /* those that got a number, in order */
	static char texts[40][16];
	uint64_t seed = 11;
	unsigned next = 0;
	unsigned count = 0;
	unsigned oldest = 0; /* of the taken */
	unsigned looks = 0;
	rig->options.most = 1500;
	restart(rig);
	for (unsigned i = 0; i < 40; i++)
		(void)snprintf(texts[i], sizeof(texts[i]), i == 0 ? "NONE" : "item %u", i);
	while (next < 5500) {
		struct book_txn *txn = shelf_begin(rig->book, true);
		bool aborted = draw(&seed, 12) == 0;
		unsigned from = next;
		unsigned count_before = count;
		for (uint64_t i = draw(&seed, 120); i > 0; i--, next++) {
			struct receipt *receipt = &receipts[next];
			*receipt = (struct receipt){.count = 1 + draw(&seed, 7)};
			for (size_t j = 0; j < receipt->count; j++)
				receipt->names[j] = texts[draw(&seed, 1 + draw(&seed, 40))];
			if (draw(&seed, 40) == 0) {
				fold_void(rig, txn, next, draw(&seed, 2) == 0);
				receipt->voided = true;
			} else {
				taken[count++] = next;
			}
			fold_sale(rig, txn, next, receipt->names, receipt->count);
			if (draw(&seed, 10) == 0) /* sent again */
				fold_sale(rig, txn, next, receipt->names, receipt->count);
		}
		unsigned old = (unsigned)draw(&seed, next + 1);
		if (!aborted && old < next && draw(&seed, 2) == 0) {
			fold_void(rig, txn, old, draw(&seed, 2) == 0);
			receipts[old].voided = true;
		}
		if (aborted) {
			book_abort(txn);
			next = from;
			count = count_before;
			load(rig);
		} else {
			settle(rig, txn);
		}
		if (draw(&seed, 10) == 0) {
			assert_int_equal(rule_book_update(rig->rules), CH_OK);
			save(rig);
		}
		if (draw(&seed, 10) == 0)
			restart(rig);
		if (rule_book_wants_trimming(rig->rules)) {
			txn = shelf_begin(rig->book, true);
			assert_int_equal(rule_book_trim(rig->rules, txn), CH_OK);
			assert_int_equal(book_commit(txn), CH_OK);
			unsigned kept = basket_store_baskets(rule_book_store(rig->rules));
			assert_true(kept >= 1500 && kept < 1700);
			oldest = count - kept;
		}
		if (draw(&seed, 10) == 0) {
			struct basket_store *all = empty_store();
			for (unsigned i = oldest; i < count; i++) {
				if (!receipts[taken[i]].voided)
					add(all, receipts[taken[i]].names,
						receipts[taken[i]].count);
			}
			looks++;
			check(rig, all);
			basket_store_free(all);
		}
	}
	assert_true(oldest > 0 && looks > 5);
}

/* The file's baskets as receipts of a till, in batches, with starts in between. */
static void stream(struct rig *rig, const char *file_name)
{
	char path[512];
	const char *root = getenv("CAREHUB_SAMPLES");
	const struct basket_file_options file_options = {.ignored = {"NONE"}, .ignored_count = 1};
	const struct rule_book_options options = rig->options;
	struct data_file *file = NULL;
	struct refusal refusal;
	struct basket_store *all = empty_store();
	(void)snprintf(path, sizeof(path), "%s/retail/%s",
		root != NULL ? root : "../shared/samples", file_name);
	if (data_file_open(path, DATA_LINES, DATA_DETECT, &file, &refusal) != CH_OK) {
		basket_store_free(all);
		print_message("%s is not here\n", path);
		skip();
	}
	assert_int_equal(basket_file_read(file, &file_options, all, &refusal), CH_OK);
	data_file_close(file);
	rig->options.support = (struct support){{1, 3}, 10};
	restart(rig);
	uint32_t baskets = basket_store_baskets(all);
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (uint32_t i = 0; i < baskets; i++) {
		static char none[] = "NONE";
		static char texts[LINES_MAX][64];
		char *names[LINES_MAX];
		struct numbers basket = basket_store_basket(all, i);
		size_t count = 0;
		assert_true(basket.count < LINES_MAX);
		for (size_t j = 0; j < basket.count; j++) {
			struct slice name = basket_store_name(all, basket.items[j]);
			(void)snprintf(texts[count], sizeof(texts[0]), "%.*s", (int)name.len,
				(const char *)name.data);
			names[count] = texts[count];
			count++;
		}
		names[count++] = none; /* a basket of nothing else is one, too */
		fold_sale(rig, txn, i, names, count);
		assert_true(rule_book_figures(rig->rules).behind < RULE_BOOK_BEHIND);
		if (i % 777 == 776) {
			settle(rig, txn);
			if (i % 3 == 0)
				save(rig);
			if (i % 2 == 0)
				restart(rig);
			txn = shelf_begin(rig->book, true);
		}
	}
	settle(rig, txn);
	check(rig, all);
	save(rig);
	restart(rig);
	assert_int_equal(rule_book_figures(rig->rules).counted, 0);
	check(rig, all);
	basket_store_free(all);
	rig->options = options;
}

static void test_groceries(void **state)
{
	stream(*state, "groceries.csv");
}

static void test_bakery(void **state)
{
	stream(*state, "BreadBasket_DMS.csv");
}

/* A tree that was made otherwise, or is no tree at all, is no harm: all is counted anew. */
static void test_tree_that_does_not_fit(void **state)
{
	struct rig *rig = *state;
	char *const names[] = {(char *)(uintptr_t) "bread", (char *)(uintptr_t) "coffee"};
	struct basket_store *all = empty_store();
	struct key key;
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (unsigned i = 0; i < 50; i++) {
		fold_sale(rig, txn, i, names, 1 + i % 2);
		add(all, names, 1 + i % 2);
	}
	settle(rig, txn);
	assert_int_equal(rule_book_update(rig->rules), CH_OK);
	save(rig);
	rig->options.support.baskets = 5;
	restart(rig);
	assert_int_equal(rule_book_figures(rig->rules).counted, 50);
	check(rig, all);
	rig->options.support.baskets = 3;
	restart(rig);
	assert_int_equal(rule_book_figures(rig->rules).counted, 0);
	txn = shelf_begin(rig->book, true);
	key_start(&key);
	key_byte(&key, 't');
	key_u32(&key, 1);
	book_put(txn, TABLE_TREE, key_slice(&key), SLICE_LITERAL("\xff\xff\xff"));
	assert_int_equal(book_commit(txn), CH_OK);
	restart(rig);
	assert_int_equal(rule_book_figures(rig->rules).counted, 50);
	check(rig, all);
	basket_store_free(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_random_tills),
		TEST(test_tree_that_does_not_fit),
		TEST(test_groceries),
		TEST(test_bakery),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
