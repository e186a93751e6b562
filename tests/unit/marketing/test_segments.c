/* The part as the module runs it: batches of events, the clock, changed definitions, a book made anew. */
#include "unit/module/shelf.h"

#include "base/file.h"
#include "base/hash.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/pos.pb-c.h"
#include "module/kit/book_inside.h"
#include "module/kit/people_inside.h"
#include "module/kit/voice_inside.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/held.h"
#include "module/marketing/segment/judge.h"
#include "module/marketing/segment/segments_part.h"
#include "module/marketing/segment/standing.h"
#include "wire/types.h"

#define DAY   INT64_C(86400000000)
#define START (INT64_C(20000) * DAY)

static const char *const both_definitions[] = {
	"[level 1]\nwhere = frequency(30d) >= 1\n"
	"[level 2]\nwhere = frequency(30d) >= 3 and monetary(30d) >= 2\n"
	"[segment all]\nwhere = everybody\n"
	"[segment stars]\nwhere = level >= 2\n"
	"[segment lost]\nwhere = recency > 20d\n",
	"[level 1]\nwhere = frequency(10d) >= 2\n"
	"[segment all]\nwhere = everybody\n"
	"[segment lost]\nwhere = recency > 5d and not level >= 1\n"
	"[segment tv]\nwhere = bought(category \"TV\", 15d) >= 1\n",
};

struct rig {
	struct shelf shelf;
	struct book *book;
	char definitions_file[96];
	struct segments_config config;
	void *part;
	uint64_t sequence;
	int64_t now_us;
	uint64_t seed;
};

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*seed, UINT64_C(0xe7037ed1a0b428db)) % below;
}

static void open_part(struct rig *rig, const char *definitions)
{
	struct problems problems = {0};
	assert_int_equal(file_replace(rig->definitions_file, slice_text(definitions), 0600), CH_OK);
	assert_int_equal(segments_part.open(&rig->config, NULL, &problems, &rig->part), CH_OK);
	problems_fini(&problems);
	struct book_txn *txn = shelf_begin(rig->book, true);
	assert_int_equal(segments_part.begin(rig->part, txn), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
}

static int setup(void **state)
{
	static char currency[] = "CNY";
	static char zone[] = "UTC";
	static struct rig rig;
	rig = (struct rig){.seed = 3, .now_us = START};
	shelf_make(&rig.shelf);
	(void)snprintf(
		rig.definitions_file, sizeof(rig.definitions_file), "%s.conf", rig.shelf.directory);
	rig.config = (struct segments_config){rig.definitions_file, currency, zone};
	const struct book_form form = {.directory = rig.shelf.directory,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1};
	assert_int_equal(book_open(&form, BOOK_WRITE, &rig.book), CH_OK);
	open_part(&rig, both_definitions[0]);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	segments_part.close(rig->part);
	book_close(rig->book);
	(void)unlink(rig->definitions_file);
	shelf_remove(&rig->shelf);
	return 0;
}

/* ---- What goes in ---- */

static void fold(struct rig *rig, struct book_txn *txn, const char *type, uint64_t customer,
	int64_t occurred_us, bool own, const ProtobufCMessage *message)
{
	char id[24];
	(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)++rig->sequence);
	const struct feed_event event = {
		.sequence = rig->sequence,
		.arrival_us = rig->now_us,
		.occurred_us = occurred_us,
		.stamp = stamp_of(occurred_us, SLICE_LITERAL("till"), slice_text(id)),
		.customer = customer,
		.own = own,
		.head = {.source = SLICE_LITERAL("till"),
			.id = slice_text(id),
			.type = slice_text(type),
			.time_us = occurred_us},
		.message = message,
	};
	people_fold(txn, &event);
	for (size_t i = 0; i < segments_part.fold_count; i++) {
		if (types_match(slice_text(segments_part.folds[i].type), event.head.type))
			assert_int_equal(
				segments_part.folds[i].fold(rig->part, txn, &event), CH_OK);
	}
}

static void fold_sale(struct rig *rig, struct book_txn *txn, uint64_t customer, unsigned receipt,
	int64_t occurred_us, int64_t amount)
{
	static char shop[] = "S1";
	static char article[] = "KDL-46";
	static char category[] = "TV";
	static char currency[] = "CNY";
	char number[16];
	Carehub__V1__TransactionRef ref = CAREHUB__V1__TRANSACTION_REF__INIT;
	Carehub__V1__Money money = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__SaleLine line = CAREHUB__V1__SALE_LINE__INIT;
	Carehub__V1__SaleLine *lines[] = {&line};
	Carehub__V1__RetailTransaction transaction = CAREHUB__V1__RETAIL_TRANSACTION__INIT;
	Carehub__V1__PosSaleCompleted sale = CAREHUB__V1__POS_SALE_COMPLETED__INIT;
	(void)snprintf(number, sizeof(number), "%u", receipt);
	ref.store_id = shop;
	ref.workstation_id = shop;
	ref.business_date = shop;
	ref.sequence_number = number;
	money.minor_units = amount;
	money.currency = currency;
	line.item_id = article;
	line.department = category;
	line.extended_amount = &money;
	transaction.ref = &ref;
	transaction.currency = currency;
	transaction.lines = lines;
	transaction.n_lines = 1;
	sale.transaction = &transaction;
	fold(rig, txn, "pos.sale.completed", customer, occurred_us, false, &sale.base);
}

static void fold_merge(struct rig *rig, struct book_txn *txn, uint64_t from, uint64_t to, bool back)
{
	Carehub__V1__CustomerRecordMerged merged = CAREHUB__V1__CUSTOMER_RECORD_MERGED__INIT;
	Carehub__V1__CustomerRecordUnmerged unmerged = CAREHUB__V1__CUSTOMER_RECORD_UNMERGED__INIT;
	merged.customer_number = to;
	merged.retired_number = from;
	unmerged.customer_number = to;
	unmerged.restored_number = from;
	if (back)
		fold(rig, txn, "customer.record.unmerged", 0, rig->now_us, false, &unmerged.base);
	else
		fold(rig, txn, "customer.record.merged", 0, rig->now_us, false, &merged.base);
}

static void tend(struct rig *rig)
{
	struct module_turn turn = {.book = rig->book, .again_ms = 0};
	for (int i = 0; i < 10000 && turn.again_ms == 0; i++) {
		turn = (struct module_turn){
			.book = rig->book, .now_us = rig->now_us, .again_ms = -1};
		assert_int_equal(segments_part.tend(rig->part, &turn), CH_OK);
	}
	assert_int_not_equal(turn.again_ms, 0);
}

static void settle(struct rig *rig, struct book_txn *txn, bool live)
{
	assert_int_equal(segments_part.settle(rig->part, txn, live), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
}

/* ---- What comes out ---- */

static bool is_member(struct book_txn *txn, const char *segment, uint64_t customer)
{
	struct key key;
	struct slice value;
	key_start(&key);
	key_text(&key, slice_text(segment));
	key_u64(&key, customer);
	enum ch_status status = book_get(txn, TABLE_MEMBERS, key_slice(&key), &value);
	assert_true(status == CH_OK || status == CH_NOT_FOUND);
	return status == CH_OK;
}

static uint32_t level_of(struct book_txn *txn, uint64_t customer)
{
	static struct standing standing;
	enum ch_status status = standing_read(txn, customer, &standing);
	assert_true(status == CH_OK || status == CH_NOT_FOUND);
	return status == CH_OK ? standing.level : 0;
}

/* What waits to be said; then it is as if the hub had taken it. */
static unsigned take_sayings(struct rig *rig, unsigned *out_entered, unsigned *out_left)
{
	struct utterance said[64];
	struct arena arena;
	size_t count = 0;
	int64_t due_us;
	unsigned total = 0;
	arena_init(&arena);
	struct book_txn *txn = shelf_begin(rig->book, true);
	do {
		assert_int_equal(
			voice_due(txn, INT64_MAX, &arena, said, 64, &count, &due_us), CH_OK);
		for (size_t i = 0; i < count; i++) {
			const struct ch_receipt receipt = {
				.outcome = CH_OUTCOME_ACCEPTED, .sequence = 1};
			*out_entered += slice_equal(
				said[i].head.type, SLICE_LITERAL("marketing.segment.entered"));
			*out_left += slice_equal(
				said[i].head.type, SLICE_LITERAL("marketing.segment.left"));
			voice_answered(txn, &said[i], CH_OK, &receipt, rig->now_us);
		}
		total += (unsigned)count;
	} while (count > 0);
	assert_int_equal(book_commit(txn), CH_OK);
	arena_fini(&arena);
	return total;
}

/* Everybody as the book has him is everybody as he is judged from what he holds, now. */
static void check_all(struct rig *rig, const char *text, uint64_t customers)
{
	struct problems problems = {0};
	struct definitions *definitions = NULL;
	struct profile profile;
	struct zone *zone = NULL;
	assert_int_equal(zone_open(SLICE_LITERAL("UTC"), &zone), CH_OK);
	assert_int_equal(definitions_parse(slice_text(text), "x", SLICE_LITERAL("CNY"),
				 SLICE_LITERAL("UTC"), &problems, &definitions),
		CH_OK);
	struct book_txn *txn = shelf_begin(rig->book, false);
	profile_init(&profile);
	for (uint64_t customer = 1; customer <= customers; customer++) {
		const struct held_options options = {INT64_MIN, SLICE_LITERAL("CNY"), zone};
		uint64_t owner = 0;
		static struct standing standing;
		profile_clear(&profile);
		assert_int_equal(held_owner(txn, customer, 0, &owner), CH_OK);
		bool known = standing_read(txn, customer, &standing) == CH_OK;
		bool current = known && owner == customer;
		assert_int_equal(held_load(txn, customer, &options, &profile), CH_OK);
		for (size_t i = 0; i < definitions->level_count; i++) {
			if (judge(definitions->levels[i].condition, &profile, rig->now_us, zone)
					.holds)
				profile.level = definitions->levels[i].level;
		}
		if (current)
			assert_int_equal(level_of(txn, customer), profile.level);
		for (size_t i = 0; i < definitions->segment_count; i++) {
			const struct definition *it = &definitions->segments[i];
			bool wanted =
				current && judge(it->condition, &profile, rig->now_us, zone).holds;
			assert_int_equal(is_member(txn, it->name, customer), wanted);
		}
		if (known && standing.due_us != 0)
			assert_true(standing.due_us > rig->now_us);
	}
	profile_fini(&profile);
	book_abort(txn);
	definitions_free(definitions);
	problems_fini(&problems);
	zone_free(zone);
}

/* ---- The tests ---- */

static void test_usage(void **state)
{
	struct rig *rig = *state;
	unsigned entered = 0;
	unsigned left = 0;
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (unsigned i = 0; i < 3; i++)
		fold_sale(rig, txn, 7, i, rig->now_us - (int64_t)i * DAY, 100);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_int_equal(level_of(txn, 7), 2);
	assert_true(is_member(txn, "all", 7));
	assert_true(is_member(txn, "stars", 7));
	assert_false(is_member(txn, "lost", 7));
	book_abort(txn);
	assert_int_equal(take_sayings(rig, &entered, &left), 3); /* the level, and two segments */
	assert_int_equal(entered, 2);
	/* Time alone: the second sale is too old, and he has not come for long. */
	rig->now_us = START + 29 * DAY;
	tend(rig);
	txn = shelf_begin(rig->book, false);
	assert_int_equal(level_of(txn, 7), 1);
	assert_false(is_member(txn, "stars", 7));
	assert_true(is_member(txn, "lost", 7));
	book_abort(txn);
	entered = 0;
	assert_int_equal(take_sayings(rig, &entered, &left), 3);
	assert_int_equal(entered, 1);
	assert_int_equal(left, 1);
	rig->now_us = START + 365 * DAY;
	tend(rig);
	assert_int_equal(take_sayings(rig, &entered, &left), 1); /* level 0, and nothing for ever */
	txn = shelf_begin(rig->book, false);
	assert_int_equal(book_count(txn, TABLE_DUE), 0);
	assert_int_equal(book_count(txn, TABLE_STANDINGS), 1);
	book_abort(txn);
}

static void test_catching_up_says_nothing(void **state)
{
	struct rig *rig = *state;
	unsigned entered = 0;
	unsigned left = 0;
	struct book_txn *txn = shelf_begin(rig->book, true);
	fold_sale(rig, txn, 7, 1, rig->now_us - 40 * DAY, 100);
	fold_sale(rig, txn, 8, 2, rig->now_us, 100);
	/* What it said in an earlier life, when the first sale was new. */
	char level[] = "1";
	char name[] = "all";
	Carehub__V1__MarketingLevelChanged changed = CAREHUB__V1__MARKETING_LEVEL_CHANGED__INIT;
	Carehub__V1__MarketingSegmentEntered was = CAREHUB__V1__MARKETING_SEGMENT_ENTERED__INIT;
	changed.customer_number = 7;
	changed.new_level = level;
	changed.turn = 1;
	was.customer_number = 7;
	was.segment_id = name;
	was.turn = 1;
	fold(rig, txn, "marketing.level.changed", 0, rig->now_us, true, &changed.base);
	fold(rig, txn, "marketing.segment.entered", 0, rig->now_us, true, &was.base);
	settle(rig, txn, false);
	assert_int_equal(take_sayings(rig, &entered, &left), 0);
	tend(rig);
	/* 7: the level fell, and he is lost; that he is in "all" was said.  8: the level, and "all". */
	assert_int_equal(take_sayings(rig, &entered, &left), 4);
	assert_int_equal(entered, 2);
	check_all(rig, both_definitions[0], 10);
}

static void test_merged_and_back(void **state)
{
	struct rig *rig = *state;
	unsigned entered = 0;
	unsigned left = 0;
	struct book_txn *txn = shelf_begin(rig->book, true);
	fold_sale(rig, txn, 1, 1, rig->now_us, 100);
	fold_sale(rig, txn, 2, 2, rig->now_us, 100);
	fold_sale(rig, txn, 2, 3, rig->now_us, 100);
	settle(rig, txn, true);
	(void)take_sayings(rig, &entered, &left);
	txn = shelf_begin(rig->book, true);
	fold_merge(rig, txn, 1, 2, false);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_int_equal(level_of(txn, 2), 2);
	assert_true(is_member(txn, "stars", 2));
	assert_false(is_member(txn, "all", 1));
	book_abort(txn);
	txn = shelf_begin(rig->book, true);
	fold_merge(rig, txn, 1, 2, true);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_int_equal(level_of(txn, 2), 1);
	assert_false(is_member(txn, "stars", 2));
	assert_true(is_member(txn, "all", 1));
	book_abort(txn);
	check_all(rig, both_definitions[0], 3);
}

static void test_erased(void **state)
{
	struct rig *rig = *state;
	struct key key;
	struct slice at;
	struct slice value;
	Carehub__V1__CustomerRecordErased erased = CAREHUB__V1__CUSTOMER_RECORD_ERASED__INIT;
	struct book_walk *walk;
	struct book_txn *txn = shelf_begin(rig->book, true);
	fold_sale(rig, txn, 1, 1, rig->now_us, 100);
	fold_merge(rig, txn, 1, 2, false);
	settle(rig, txn, true);
	erased.customer_number = 2;
	txn = shelf_begin(rig->book, true);
	fold(rig, txn, "customer.record.erased", 0, rig->now_us, false, &erased.base);
	fold_sale(rig, txn, 1, 2, rig->now_us, 100); /* it was on its way */
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_false(is_member(txn, "all", 2));
	for (uint64_t customer = 1; customer <= 2; customer++) {
		key_start(&key);
		key_u64(&key, customer);
		assert_int_equal(book_walk_begin(txn, TABLE_HELD, key_slice(&key),
					 (struct slice){NULL, 0}, &walk),
			CH_OK);
		assert_int_equal(book_walk_next(walk, &at, &value), CH_END);
		book_walk_end(walk);
	}
	book_abort(txn);
}

/* What the hub tells of a record: this field, with its value when the module may have it (NULL: it may not). */
static void fold_field(
	struct rig *rig, struct book_txn *txn, uint64_t customer, int number, char *value)
{
	Carehub__V1__CustomerField field = (Carehub__V1__CustomerField)number;
	Carehub__V1__FieldChange change = CAREHUB__V1__FIELD_CHANGE__INIT;
	Carehub__V1__FieldChange *changes[] = {&change};
	Carehub__V1__CustomerRecordUpdated updated = CAREHUB__V1__CUSTOMER_RECORD_UPDATED__INIT;
	updated.customer_number = customer;
	updated.fields = &field;
	updated.n_fields = 1;
	change.field = field;
	change.new_value = value;
	updated.changes = changes;
	updated.n_changes = value != NULL;
	fold(rig, txn, "customer.record.updated", customer, rig->now_us, false, &updated.base);
}

static void test_what_the_record_says(void **state)
{
	enum { BIRTH_DATE = 5, LANGUAGE = 6, GROUP = 7, GENDER = 14 };
	struct rig *rig = *state;
	char chinese[] = "zh-Hans-CN";
	char english[] = "en";
	char high[] = "high-value";
	char female[] = "female";
	char born[] = "2000-10-04"; /* START is 2024-10-04 */
	char nothing[] = "";
	segments_part.close(rig->part);
	open_part(rig, "[segment zh]\nwhere = language = \"zh\"\n"
		       "[segment best]\nwhere = group = \"high-value\" and gender = \"female\" and "
		       "age >= 24\n"
		       "[segment told]\nwhere = has(language)\n");
	struct book_txn *txn = shelf_begin(rig->book, true);
	fold_field(rig, txn, 7, LANGUAGE, chinese);
	fold_field(rig, txn, 7, GROUP, high);
	fold_field(rig, txn, 7, GENDER, female);
	fold_field(rig, txn, 7, BIRTH_DATE, born);
	fold_field(rig, txn, 8, LANGUAGE, NULL);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_true(is_member(txn, "zh", 7));
	assert_true(is_member(txn, "best", 7));
	assert_false(is_member(txn, "zh", 8));
	assert_true(is_member(txn, "told", 8)); /* he has one; which, nobody may tell us */
	book_abort(txn);
	/* It has changed, and is not known any more; then it is; then there is none. */
	txn = shelf_begin(rig->book, true);
	fold_field(rig, txn, 7, LANGUAGE, NULL);
	fold_field(rig, txn, 8, LANGUAGE, english);
	fold_field(rig, txn, 7, GROUP, nothing);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_false(is_member(txn, "zh", 7));
	assert_true(is_member(txn, "told", 7));
	assert_false(is_member(txn, "best", 7));
	book_abort(txn);
	txn = shelf_begin(rig->book, true);
	fold_field(rig, txn, 8, LANGUAGE, nothing);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_false(is_member(txn, "told", 8));
	book_abort(txn);
}

/* Whichever channel tells it, in the batch that tells it. */
static void test_a_withdrawal_by_each_channel(void **state)
{
	struct rig *rig = *state;
	Carehub__V1__ConsentScope scope = CAREHUB__V1__CONSENT_SCOPE__INIT;
	Carehub__V1__ConsentScope *scopes[] = {&scope};
	Carehub__V1__ConsentGiven given = CAREHUB__V1__CONSENT_GIVEN__INIT;
	Carehub__V1__ConsentWithdrawn withdrawn = CAREHUB__V1__CONSENT_WITHDRAWN__INIT;
	Carehub__V1__MarketingConsentWithdrawn by_link =
		CAREHUB__V1__MARKETING_CONSENT_WITHDRAWN__INIT;
	uint64_t customer = 0;
	segments_part.close(rig->part);
	open_part(rig, "[segment told]\nwhere = consent(email, marketing)\n");
	scope.purpose = CAREHUB__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_MARKETING;
	scope.channel = CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_EMAIL;
	given.scopes = by_link.scopes = scopes;
	given.n_scopes = by_link.n_scopes = 1;
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		if (!types_match(SLICE_LITERAL("*.consent.withdrawn"), slice_text(type->name)))
			continue;
		bool link = type->message == &carehub__v1__marketing_consent_withdrawn__descriptor;
		by_link.customer_number = ++customer;
		struct book_txn *txn = shelf_begin(rig->book, true);
		fold(rig, txn, "pos.consent.given", customer, rig->now_us, false, &given.base);
		settle(rig, txn, true);
		txn = shelf_begin(rig->book, false);
		assert_true(is_member(txn, "told", customer));
		book_abort(txn);
		txn = shelf_begin(rig->book, true);
		fold(rig, txn, type->name, customer, rig->now_us + 1, link,
			link ? &by_link.base : &withdrawn.base);
		settle(rig, txn, true);
		txn = shelf_begin(rig->book, false);
		assert_false(is_member(txn, "told", customer));
		book_abort(txn);
	}
	assert_int_equal(customer, 5);
}

static void test_changed_definitions(void **state)
{
	struct rig *rig = *state;
	unsigned entered = 0;
	unsigned left = 0;
	struct book_txn *txn = shelf_begin(rig->book, true);
	for (unsigned i = 0; i < 2000; i++)
		fold_sale(rig, txn, 1 + i % 1500, i, rig->now_us - (int64_t)(i % 25) * DAY, 100);
	settle(rig, txn, true);
	tend(rig);
	(void)take_sayings(rig, &entered, &left);
	assert_true(entered >= 1500);
	check_all(rig, both_definitions[0], 1500);
	segments_part.close(rig->part);
	open_part(rig, both_definitions[1]);
	/* While it goes on, events are judged by the new ones. */
	struct module_turn turn = {.book = rig->book, .now_us = rig->now_us, .again_ms = -1};
	assert_int_equal(segments_part.tend(rig->part, &turn), CH_OK);
	assert_int_equal(turn.again_ms, 0);
	struct segments_backlog backlog;
	txn = shelf_begin(rig->book, false);
	assert_int_equal(segments_backlog(txn, &backlog), CH_OK);
	assert_true(backlog.sweeping);
	book_abort(txn);
	txn = shelf_begin(rig->book, true);
	fold_sale(rig, txn, 1500, 5000, rig->now_us, 100);
	settle(rig, txn, true);
	txn = shelf_begin(rig->book, false);
	assert_true(is_member(txn, "tv", 1500));
	book_abort(txn);
	tend(rig);
	check_all(rig, both_definitions[1], 1500);
	entered = left = 0;
	(void)take_sayings(rig, &entered, &left);
	assert_true(left > 0); /* "stars" is no more */
	txn = shelf_begin(rig->book, false);
	assert_false(is_member(txn, "stars", 1));
	book_abort(txn);
}

/* Random days: sales, old and new, merges, the clock; everybody is always as a look at everything says. */
static void test_random_days(void **state)
{
	struct rig *rig = *state;
	uint64_t merged[13] = {0};
	unsigned receipt = 0;
	unsigned entered = 0;
	unsigned left = 0;
	unsigned definitions = 0;
	for (unsigned day = 0; day < 400; day++) {
		rig->now_us += (int64_t)draw(&rig->seed, 3 * (uint64_t)DAY);
		struct book_txn *txn = shelf_begin(rig->book, true);
		for (uint64_t i = draw(&rig->seed, 5); i > 0; i--)
			fold_sale(rig, txn, 1 + draw(&rig->seed, 12), receipt++,
				rig->now_us - (int64_t)draw(&rig->seed, 30) * DAY,
				(int64_t)draw(&rig->seed, 150));
		uint64_t from = 1 + draw(&rig->seed, 12);
		uint64_t to = 1 + draw(&rig->seed, 12);
		if (merged[from] == 0 && merged[to] == 0 && from != to &&
			draw(&rig->seed, 8) == 0) {
			fold_merge(rig, txn, from, to, false);
			merged[from] = to;
		} else if (merged[from] != 0 && draw(&rig->seed, 3) == 0) {
			fold_merge(rig, txn, from, merged[from], true);
			merged[from] = 0;
		}
		bool live = draw(&rig->seed, 4) > 0;
		settle(rig, txn, live);
		if (draw(&rig->seed, 40) == 0) {
			definitions = 1 - definitions;
			segments_part.close(rig->part);
			open_part(rig, both_definitions[definitions]);
		}
		tend(rig);
		check_all(rig, both_definitions[definitions], 12);
		(void)take_sayings(rig, &entered, &left);
	}
	assert_true(entered > 50 && left > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_usage),
		TEST(test_catching_up_says_nothing),
		TEST(test_merged_and_back),
		TEST(test_erased),
		TEST(test_what_the_record_says),
		TEST(test_a_withdrawal_by_each_channel),
		TEST(test_changed_definitions),
		TEST(test_random_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
