/* How many receipts of tills carehub-marketing keeps its rules up with in a second: encoded events, one after the other,
 * unpacked, folded as purchases (most name nobody) and as baskets, in batches that are committed to a book on the disk; the
 * counted sets never more than a thousand receipts old.
 *
 *     bench_upkeep DIRECTORY SECONDS [BASKETS]
 *
 * Receipts are of two hundred tills, each of which numbers its own.
 * BASKETS is a file of real baskets, told over and over in a drawn order; without it baskets of 169 articles are drawn,
 * common ones often.  Prints `throughput`, and `counted.sets` at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "carehub/v1/pos.pb-c.h"
#include "module/marketing/basket/basket_file.h"
#include "module/marketing/basket/rule_book.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"

#define WARM_UP  100000u /* receipts: the first make many sets frequent that do not stay so */
#define BATCH    4096u
#define ARTICLES 169u
#define LINES    32u
#define SHOPS    50u
#define TILLS    4u /* a shop */

struct upkeep {
	struct book *book;
	struct rule_book *rules;
	struct facts facts;
	struct arena arena; /* of one message, as in the kit */
	ProtobufCAllocator allocator;
	struct basket_store *baskets; /* what is told */
	uint64_t seed;
	uint64_t receipts;
	unsigned numbers[SHOPS * TILLS]; /* of each till's last receipt */
	uint8_t *encoded;                /* a batch of events */
	size_t encoded_size;
	size_t lengths[BATCH];
};

static uint64_t draw(struct upkeep *upkeep, uint64_t below)
{
	upkeep->seed += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(upkeep->seed, UINT64_C(0xe7037ed1a0b428db)) % below;
}

/* Article i comes as often as 1 / (i + 1), about. */
static enum ch_status draw_baskets(struct upkeep *upkeep)
{
	uint32_t items[LINES];
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < ARTICLES && status == CH_OK; i++) {
		char name[16];
		uint32_t item;
		(void)snprintf(name, sizeof(name), "article %u", (unsigned)i);
		status = basket_store_item(upkeep->baskets, slice_text(name), &item);
	}
	for (uint32_t i = 0; i < 10000 && status == CH_OK; i++) {
		size_t count = 1 + draw(upkeep, 1 + draw(upkeep, 12));
		for (size_t j = 0; j < count; j++)
			items[j] = (uint32_t)draw(upkeep, 1 + draw(upkeep, ARTICLES));
		status = basket_store_add(upkeep->baskets, items, count);
	}
	return status;
}

static enum ch_status read_baskets(struct upkeep *upkeep, const char *path)
{
	const struct basket_file_options options = {.ignored = {"NONE"}, .ignored_count = 1};
	struct data_file *file = NULL;
	struct refusal refusal;
	enum ch_status status = data_file_open(path, DATA_LINES, DATA_DETECT, &file, &refusal);
	if (status == CH_OK)
		status = basket_file_read(file, &options, upkeep->baskets, &refusal);
	else
		file = NULL;
	if (file != NULL)
		data_file_close(file);
	if (status != CH_OK)
		complaint("upkeep", "%s: %s", path, refusal.reason);
	return status;
}

/* The next receipt, as a till's adapter would encode it. */
static size_t encode(struct upkeep *upkeep, uint8_t *out)
{
	static char date[] = "2026-03-01";
	static char names[LINES][64];
	char shop[16];
	char till[16];
	char number[16];
	Carehub__V1__TransactionRef ref = CAREHUB__V1__TRANSACTION_REF__INIT;
	Carehub__V1__SaleLine lines[LINES];
	Carehub__V1__SaleLine *list[LINES];
	Carehub__V1__Money money = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__RetailTransaction transaction = CAREHUB__V1__RETAIL_TRANSACTION__INIT;
	Carehub__V1__PosSaleCompleted sale = CAREHUB__V1__POS_SALE_COMPLETED__INIT;
	struct numbers basket = basket_store_basket(
		upkeep->baskets, (uint32_t)draw(upkeep, basket_store_baskets(upkeep->baskets)));
	size_t count = basket.count < LINES ? basket.count : LINES;
	unsigned where = (unsigned)draw(upkeep, SHOPS * TILLS);
	(void)snprintf(shop, sizeof(shop), "S%u", where / TILLS);
	(void)snprintf(till, sizeof(till), "%u", where % TILLS);
	(void)snprintf(number, sizeof(number), "%u", upkeep->numbers[where]++);
	upkeep->receipts++;
	ref.store_id = shop;
	ref.workstation_id = till;
	ref.business_date = date;
	ref.sequence_number = number;
	money.minor_units = 1999;
	for (size_t i = 0; i < count; i++) {
		struct slice name = basket_store_name(upkeep->baskets, basket.items[i]);
		(void)snprintf(
			names[i], sizeof(names[i]), "%.*s", (int)name.len, (const char *)name.data);
		carehub__v1__sale_line__init(&lines[i]);
		lines[i].item_id = names[i];
		lines[i].extended_amount = &money;
		list[i] = &lines[i];
	}
	transaction.ref = &ref;
	transaction.lines = list;
	transaction.n_lines = count;
	sale.transaction = &transaction;
	return carehub__v1__pos_sale_completed__pack(&sale, out);
}

static enum ch_status encode_batch(struct upkeep *upkeep)
{
	size_t at = 0;
	for (unsigned i = 0; i < BATCH; i++) {
		if (upkeep->encoded_size - at < (size_t)LINES * 128 + 256)
			return CH_TOO_LARGE;
		upkeep->lengths[i] = encode(upkeep, upkeep->encoded + at);
		at += upkeep->lengths[i];
	}
	return CH_OK;
}

static void *allocate(void *context, size_t size)
{
	return arena_alloc(context, size);
}

static void release(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* As the kit does: what no part can do without is unpacked, and only then. */
static enum ch_status fold_unpacked(
	struct upkeep *upkeep, struct book_txn *txn, struct feed_event *event, bool known)
{
	arena_reset(&upkeep->arena);
	Carehub__V1__PosSaleCompleted *sale = carehub__v1__pos_sale_completed__unpack(
		&upkeep->allocator, event->head.data.len, event->head.data.data);
	if (sale == NULL)
		return CH_NOMEM;
	event->message = &sale->base;
	enum ch_status status = known ? CH_OK : facts_fold(&upkeep->facts, txn, event);
	return status == CH_OK ? rule_book_fold(upkeep->rules, txn, event) : status;
}

static enum ch_status fold(
	struct upkeep *upkeep, struct book_txn *txn, struct slice bytes, uint64_t sequence)
{
	struct feed_event event = {
		.sequence = sequence,
		.head = {.source = SLICE_LITERAL("urn:pos:S1"),
			.type = SLICE_LITERAL("pos.sale.completed"),
			.data = bytes},
	};
	enum ch_status known = facts_skim(&upkeep->facts, &event);
	enum ch_status status = known;
	if (status == CH_OK)
		status = rule_book_skim(upkeep->rules, txn, &event);
	return status == CH_UNSUPPORTED ? fold_unpacked(upkeep, txn, &event, known == CH_OK)
					: status;
}

static enum ch_status fold_batch(struct upkeep *upkeep)
{
	struct book_txn *txn = NULL;
	size_t at = 0;
	enum ch_status status = book_begin(upkeep->book, true, &txn);
	for (unsigned i = 0; i < BATCH && status == CH_OK; i++) {
		status = fold(upkeep, txn, slice_of(upkeep->encoded + at, upkeep->lengths[i]),
			upkeep->receipts + i);
		at += upkeep->lengths[i];
	}
	facts_clear(&upkeep->facts);
	if (status == CH_OK)
		status = rule_book_settle(upkeep->rules, txn);
	if (status != CH_OK) {
		book_abort(txn);
		return status;
	}
	return book_commit(txn);
}

static enum ch_status run(struct upkeep *upkeep, int64_t duration_ns)
{
	enum ch_status status = CH_OK;
	int64_t spent_ns = 0;
	uint64_t measured = 0;
	while (status == CH_OK && spent_ns < duration_ns) {
		status = encode_batch(upkeep); /* the hub's business, not counted */
		int64_t began_ns = driver_now_ns();
		if (status == CH_OK)
			status = fold_batch(upkeep);
		if (upkeep->receipts <= WARM_UP)
			continue;
		spent_ns += driver_now_ns() - began_ns;
		measured += BATCH;
	}
	if (status == CH_OK) {
		struct rule_book_figures figures = rule_book_figures(upkeep->rules);
		printf("throughput\t%.0f\tevents/s\n", (double)measured * 1e9 / (double)spent_ns);
		printf("counted.sets\t%zu\tsets\n", figures.sets);
	}
	return status;
}

int main(int argc, char **argv)
{
	static struct upkeep upkeep; /* large */
	struct decimal seconds = {0, 0};
	const struct rule_book_options options = {.support = {{1, 3}, 10}, .most = 8000000};
	if (argc < 3 || argc > 4 || decimal_parse(slice_text(argv[2]), &seconds) != CH_OK ||
		decimal_rescale(seconds, 9, &seconds) != CH_OK) {
		complaint("upkeep", "usage: bench_upkeep DIRECTORY SECONDS [BASKETS]");
		return 64;
	}
	const struct book_form form = {.directory = argv[1],
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1};
	upkeep.seed = 7;
	upkeep.encoded_size = (size_t)16 << 20;
	upkeep.encoded = malloc(upkeep.encoded_size);
	facts_init(&upkeep.facts);
	arena_init(&upkeep.arena);
	upkeep.allocator = (ProtobufCAllocator){allocate, release, &upkeep.arena};
	enum ch_status status = upkeep.encoded != NULL ? CH_OK : CH_NOMEM;
	if (status == CH_OK)
		status = basket_store_create(&upkeep.baskets);
	if (status == CH_OK)
		status = argc == 4 ? read_baskets(&upkeep, argv[3]) : draw_baskets(&upkeep);
	if (status == CH_OK)
		status = book_open(&form, BOOK_WRITE, &upkeep.book);
	if (status == CH_OK)
		status = rule_book_create(&options, &upkeep.rules);
	if (status == CH_OK)
		status = run(&upkeep, seconds.unscaled);
	if (status != CH_OK)
		complaint("upkeep", "%s", ch_status_text(status));
	rule_book_free(upkeep.rules);
	book_close(upkeep.book);
	basket_store_free(upkeep.baskets);
	facts_fini(&upkeep.facts);
	arena_fini(&upkeep.arena);
	free(upkeep.encoded);
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
