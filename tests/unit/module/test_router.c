/* Which of a module's parts are asked about an event, in what form, and what becomes of it. */
#include "unit/module/shelf.h"

#include "carehub/carehub.h"
#include "carehub/v1/pos.pb-c.h"
#include "module/kit/book_inside.h"
#include "module/kit/router.h"

enum { TABLE, TABLES };

static const char *const tables[TABLES] = {"table"};

/* What a part says, and what it was asked. */
struct asked {
	enum ch_status skim;
	enum ch_status fold;
	unsigned skims;
	unsigned folds;
	unsigned stamped;
	uint64_t customer;
};

static enum ch_status skim(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct asked *asked = self;
	(void)txn;
	assert_null(event->message);
	assert_true(event->head.data.len > 0);
	asked->skims++;
	asked->customer = event->customer;
	return asked->skim;
}

static enum ch_status fold(void *self, struct book_txn *txn, const struct feed_event *event)
{
	static const struct stamp none;
	struct asked *asked = self;
	const Carehub__V1__PosSaleCompleted *sale = (const void *)event->message;
	(void)txn;
	assert_string_equal(sale->member_level, "gold");
	assert_string_equal(sale->remarks, "a gift"); /* of the personal part */
	asked->folds++;
	asked->stamped += memcmp(&event->stamp, &none, sizeof(none)) != 0;
	return asked->fold;
}

static const struct module_fold sales[] = {{"pos.sale.completed", fold}};
static const struct module_fold twice[] = {{"pos.sale.*", fold}, {"pos.>", fold}};
static const struct module_fold skims[] = {{"pos.sale.completed", skim}};
static const struct module_part folding = {.name = "folding", .folds = sales, .fold_count = 1};
static const struct module_part skimming = {
	.name = "skimming", .folds = twice, .fold_count = 2, .skims = skims, .skim_count = 1};

struct rig {
	struct shelf shelf;
	struct book *book;
	struct asked asked[3];
	struct feed_state state;
};

static int setup(void **state)
{
	static struct rig rig;
	rig = (struct rig){0};
	shelf_make(&rig.shelf);
	rig.book = shelf_open(&rig.shelf, tables, TABLES, BOOK_WRITE);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	book_close(rig->book);
	shelf_remove(&rig->shelf);
	return 0;
}

static size_t encode_sale(bool personal, uint8_t *out)
{
	static char level[] = "gold";
	static char remarks[] = "a gift";
	Carehub__V1__PosSaleCompleted sale = CAREHUB__V1__POS_SALE_COMPLETED__INIT;
	if (personal)
		sale.remarks = remarks;
	else
		sale.member_level = level;
	return carehub__v1__pos_sale_completed__pack(&sale, out);
}

/* One sale through a router of these parts. */
static void route(struct rig *rig, const struct module_part *const *parts, size_t count)
{
	uint8_t open[64];
	uint8_t personal[64];
	struct buffer event = {0};
	void *selves[] = {&rig->asked[0], &rig->asked[1], &rig->asked[2]};
	const struct module module = {
		.program = "test", .source = "/test", .parts = parts, .part_count = count};
	const struct envelope head = {.id = SLICE_LITERAL("1"),
		.source = SLICE_LITERAL("/till"),
		.type = SLICE_LITERAL("pos.sale.completed"),
		.data = slice_of(open, encode_sale(false, open))};
	struct router *router = NULL;
	struct book_txn *txn = shelf_begin(rig->book, true);
	envelope_encode(&head, &event);
	const struct ch_delivery delivery = {.sequence = 7,
		.customer = 5,
		.event = ch_bytes_of(event.data, event.len),
		.personal = ch_bytes_of(personal, encode_sale(true, personal))};
	assert_int_equal(router_create(&module, selves, &router), CH_OK);
	assert_int_equal(router_fold(router, txn, &delivery, true, &rig->state), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
	router_free(router);
	buffer_fini(&event);
}

static void test_what_is_skimmed_is_not_unpacked(void **state)
{
	struct rig *rig = *state;
	static const struct module_part *const parts[] = {&skimming, &skimming};
	route(rig, parts, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rig->asked[i].skims, 1);
		assert_int_equal(rig->asked[i].folds, 0);
		assert_int_equal(rig->asked[i].customer, 5);
	}
	assert_int_equal(rig->state.events, 1);
	assert_int_equal(rig->state.rejects, 0);
}

/* Both of its folds, with message and stamp; the part behind it is not asked to skim any more. */
static void test_who_cannot_tell_is_asked_again(void **state)
{
	struct rig *rig = *state;
	static const struct module_part *const parts[] = {&skimming, &skimming, &skimming};
	rig->asked[1].skim = CH_UNSUPPORTED;
	route(rig, parts, 3);
	assert_int_equal(rig->asked[0].skims, 1);
	assert_int_equal(rig->asked[0].folds, 0);
	assert_int_equal(rig->asked[1].skims, 1);
	assert_int_equal(rig->asked[1].folds, 2);
	assert_int_equal(rig->asked[1].stamped, 2);
	assert_int_equal(rig->asked[2].skims, 0);
	assert_int_equal(rig->asked[2].folds, 2);
	assert_int_equal(rig->state.rejects, 0);
}

/* Somebody wants the message in any case. */
static void test_nobody_skims_beside_who_folds(void **state)
{
	struct rig *rig = *state;
	static const struct module_part *const parts[] = {&skimming, &folding};
	route(rig, parts, 2);
	assert_int_equal(rig->asked[0].skims, 0);
	assert_int_equal(rig->asked[0].folds, 2);
	assert_int_equal(rig->asked[1].folds, 1);
}

/* A refusal by who skims is one, and stops nobody else. */
static void test_a_skim_refuses(void **state)
{
	struct rig *rig = *state;
	static const struct module_part *const parts[] = {&skimming, &skimming};
	rig->asked[0].skim = CH_TOO_LARGE;
	route(rig, parts, 2);
	assert_int_equal(rig->asked[0].folds, 0);
	assert_int_equal(rig->asked[1].skims, 1);
	assert_int_equal(rig->state.rejects, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_skimmed_is_not_unpacked),
		TEST(test_who_cannot_tell_is_asked_again),
		TEST(test_nobody_skims_beside_who_folds),
		TEST(test_a_skim_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
