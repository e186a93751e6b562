/* Random histories, folded in any order, against what a naive reading of the whole history gives. */
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/held.h"
#include "unit/marketing/fact_history.h"
#include "unit/module/shelf.h"

/* ---- The naive reading: all of it at once, no book ---- */

static uint64_t naive_owner(const struct history *history, const struct fact *fact)
{
	uint64_t filed = fact->customer;
	uint64_t moved = 0;
	for (unsigned i = 0; i < history->count; i++) {
		const struct fact *it = &history->facts[i];
		if (it->kind == UNMERGED && it->moved == fact->sequence)
			moved = it->customer;
	}
	if (filed == 0)
		return 0;
	uint64_t number = moved != 0 ? moved : filed;
	for (unsigned hop = 0; hop < 64; hop++) {
		uint64_t to = 0;
		for (unsigned i = 0; i < history->count; i++) {
			const struct fact *it = &history->facts[i];
			if (it->kind == MERGED && it->customer == number)
				to = it->customer_to;
			if (it->kind == UNMERGED && it->customer == number)
				to = 0;
		}
		if (to == 0)
			break;
		number = to;
	}
	for (unsigned i = 0; i < history->count; i++) {
		if (history->facts[i].kind == ERASED && history->facts[i].customer == number)
			return 0;
	}
	return number;
}

static bool naive_voided(const struct history *history, unsigned receipt)
{
	for (unsigned i = 0; i < history->count; i++) {
		if (history->facts[i].kind == VOIDED && history->facts[i].other == receipt)
			return true;
	}
	return false;
}

static const struct fact *naive_newest(
	const struct history *history, enum kind one, enum kind other, unsigned number)
{
	const struct fact *newest = NULL;
	for (unsigned i = 0; i < history->count; i++) {
		const struct fact *it = &history->facts[i];
		if ((it->kind == one || it->kind == other) && it->number == number &&
			(newest == NULL || stamp_is_newer(&it->stamp, &newest->stamp)))
			newest = it;
	}
	return newest;
}

/* The next of the facts that take back, by stamp, behind `last`. */
static const struct fact *naive_next_back(
	const struct history *history, bool order, unsigned number, const struct fact *last)
{
	const struct fact *next = NULL;
	for (unsigned i = 0; i < history->count; i++) {
		const struct fact *it = &history->facts[i];
		bool meant = order ? it->kind == REFUNDED && it->number == number
				   : it->kind == RETURNED && it->linked && it->other == number &&
					     !naive_voided(history, it->number);
		if (meant && (last == NULL || stamp_is_newer(&it->stamp, &last->stamp)) &&
			(next == NULL || stamp_is_newer(&next->stamp, &it->stamp)))
			next = it;
	}
	return next;
}

struct naive_purchase {
	bool told;
	bool counts;
	int64_t money;
	struct line lines[3];
	unsigned line_count;
};

static struct naive_purchase naive_rest(
	const struct history *history, const struct fact *base, bool order, bool gone)
{
	struct naive_purchase rest = {.told = true, .line_count = base->line_count};
	int64_t refunded = 0;
	memcpy(rest.lines, base->lines, sizeof(rest.lines));
	if (gone)
		rest.line_count = 0;
	for (const struct fact *back = naive_next_back(history, order, base->number, NULL);
		back != NULL; back = naive_next_back(history, order, base->number, back)) {
		if (order && !back->linked) {
			refunded += back->lines[0].money;
			continue;
		}
		for (unsigned i = 0; i < (order ? 1 : back->line_count); i++) {
			for (unsigned j = 0; j < rest.line_count; j++) {
				struct line *line = &rest.lines[j];
				if (line->product != back->lines[i].product || line->quantity == 0)
					continue;
				if (back->lines[i].quantity >= line->quantity) {
					line->quantity = 0;
					line->money = 0;
				} else {
					line->quantity -= back->lines[i].quantity;
					line->money -= line->money < back->lines[i].money
							       ? line->money
							       : back->lines[i].money;
				}
			}
		}
	}
	for (unsigned j = 0; j < rest.line_count; j++) {
		rest.money += rest.lines[j].money;
		rest.counts = rest.counts || rest.lines[j].quantity > 0;
	}
	if (rest.counts && refunded > 0 && rest.money <= refunded) {
		rest.counts = false;
		rest.line_count = 0;
	}
	rest.money = rest.money > refunded ? rest.money - refunded : 0;
	return rest;
}

/* ---- Comparing ---- */

struct seen {
	unsigned purchases;
	int64_t money;
	unsigned counted;
	unsigned lines[PRODUCTS];
	unsigned units[PRODUCTS];
	unsigned complaints;
	int64_t times; /* of all purchases, summed */
};

static void naive_see_purchase(
	struct seen *seen, const struct naive_purchase *rest, int64_t time_us)
{
	seen->purchases++;
	seen->money += rest->money;
	seen->counted += rest->counts;
	seen->times += time_us - KIT_BASE;
	for (unsigned i = 0; i < rest->line_count; i++)
		seen->lines[rest->lines[i].product] += rest->lines[i].quantity > 0;
}

static void naive_see_orders(const struct history *history, uint64_t customer, struct seen *seen)
{
	for (unsigned number = 0; number < ORDERS; number++) {
		const struct fact *base = naive_newest(history, PLACED, AMENDED, number);
		const struct fact *placed = naive_newest(history, PLACED, PLACED, number);
		const struct fact *owner = placed;
		const struct fact *first = NULL;
		for (unsigned i = 0; i < history->count; i++) {
			const struct fact *it = &history->facts[i];
			if ((it->kind == PLACED || it->kind == AMENDED) && it->number == number) {
				if (first == NULL || stamp_is_newer(&first->stamp, &it->stamp))
					first = it;
			}
		}
		/* Whose it is: the sale's; else of the oldest that names somebody. */
		if (owner == NULL || owner->customer == 0) {
			owner = NULL;
			for (unsigned i = 0; i < history->count; i++) {
				const struct fact *it = &history->facts[i];
				if ((it->kind == PLACED || it->kind == AMENDED) &&
					it->number == number && it->customer != 0 &&
					(owner == NULL ||
						stamp_is_newer(&owner->stamp, &it->stamp)))
					owner = it;
			}
		}
		if (base == NULL || owner == NULL || naive_owner(history, owner) != customer)
			continue;
		bool gone = naive_newest(history, CANCELLED, CANCELLED, number) != NULL;
		struct naive_purchase rest = naive_rest(history, base, true, gone);
		naive_see_purchase(seen, &rest, placed != NULL ? placed->time_us : first->time_us);
	}
}

static void naive_see_tills(const struct history *history, uint64_t customer, struct seen *seen)
{
	for (unsigned i = 0; i < history->count; i++) {
		const struct fact *it = &history->facts[i];
		bool own_return = it->kind == RETURNED && !it->linked;
		if ((it->kind != SALE && !own_return) || it->customer == 0 ||
			naive_owner(history, it) != customer)
			continue;
		bool gone = naive_voided(history, it->number);
		struct naive_purchase rest = {0};
		if (it->kind == SALE) {
			rest = naive_rest(history, it, false, gone);
		} else if (!gone) {
			for (unsigned j = 0; j < it->line_count; j++)
				rest.money -= it->lines[j].money;
		}
		naive_see_purchase(seen, &rest, it->time_us);
	}
}

static void naive_see_units(const struct history *history, uint64_t customer, struct seen *seen)
{
	for (unsigned serial = 1; serial <= 3; serial++) {
		const struct fact *newest = NULL;
		for (unsigned i = 0; i < history->count; i++) {
			const struct fact *it = &history->facts[i];
			if ((it->kind != SALE && it->kind != REGISTERED) || it->serial != serial ||
				it->customer == 0)
				continue;
			if (it->kind == SALE) {
				struct naive_purchase rest = naive_rest(
					history, it, false, naive_voided(history, it->number));
				if (rest.line_count == 0 || rest.lines[0].quantity == 0)
					continue;
			}
			if (newest == NULL || stamp_is_newer(&it->stamp, &newest->stamp))
				newest = it;
		}
		if (newest != NULL && naive_owner(history, newest) == customer)
			seen->units[newest->kind == SALE ? newest->lines[0].product
							 : newest->product]++;
	}
}

static void naive_see_complaints(
	const struct history *history, uint64_t customer, struct seen *seen)
{
	for (unsigned number = 0; number < CASES; number++) {
		const struct fact *closed = naive_newest(history, CLOSED, CLOSED, number);
		const struct fact *reopened = naive_newest(history, REOPENED, REOPENED, number);
		const struct fact *first = NULL;
		for (unsigned i = 0; i < history->count; i++) {
			const struct fact *it = &history->facts[i];
			if (it->kind != COMPLAINED || it->number != number || it->customer == 0)
				continue;
			if (first == NULL || stamp_is_newer(&first->stamp, &it->stamp))
				first = it;
		}
		if (first == NULL || naive_owner(history, first) != customer)
			continue;
		seen->complaints +=
			closed == NULL || stamp_is_newer(&first->stamp, &closed->stamp) ||
			(reopened != NULL && stamp_is_newer(&reopened->stamp, &closed->stamp));
	}
}

static bool naive_consents(
	const struct history *history, uint64_t customer, unsigned purpose, unsigned channel)
{
	const struct fact *newest = NULL;
	for (unsigned i = 0; i < history->count; i++) {
		const struct fact *it = &history->facts[i];
		if (it->kind != CONSENTED || naive_owner(history, it) != customer)
			continue;
		bool all = !it->given && !it->linked;
		if (it->given && (it->purpose != purpose || it->channel != channel))
			continue;
		if (!all && ((it->purpose != 0 && it->purpose != purpose) ||
				    (it->channel != 0 && it->channel != channel)))
			continue;
		if (newest == NULL || stamp_is_newer(&it->stamp, &newest->stamp))
			newest = it;
	}
	return newest != NULL && newest->given;
}

static void check_customer(
	const struct history *history, struct book_txn *txn, uint64_t customer, struct zone *zone)
{
	const struct held_options options = {INT64_MIN, SLICE_LITERAL("CNY"), zone};
	struct profile profile;
	struct seen naive = {0};
	struct seen seen = {0};
	profile_init(&profile);
	assert_int_equal(held_load(txn, customer, &options, &profile), CH_OK);
	naive_see_tills(history, customer, &naive);
	naive_see_orders(history, customer, &naive);
	naive_see_units(history, customer, &naive);
	naive_see_complaints(history, customer, &naive);
	for (size_t i = 0; i < profile.purchase_count; i++) {
		seen.purchases++;
		seen.money += profile.purchases[i].money;
		seen.counted += profile.purchases[i].counts;
		seen.times += profile.purchases[i].time_us - KIT_BASE;
	}
	for (size_t i = 0; i < profile.line_count; i++) {
		unsigned product = (unsigned)(profile.lines[i].product.data[1] - '0');
		const struct fact *published = NULL;
		seen.lines[product]++;
		for (unsigned j = 0; j < history->count; j++) {
			const struct fact *it = &history->facts[j];
			if (it->kind == PUBLISHED && it->product == product &&
				(published == NULL ||
					stamp_is_newer(&it->stamp, &published->stamp)))
				published = it;
		}
		if (published != NULL)
			assert_int_equal(
				profile.lines[i].category.data[1], '0' + (int)published->category);
	}
	for (size_t i = 0; i < profile.unit_count; i++)
		seen.units[profile.units[i].product.data[1] - '0']++;
	seen.complaints = profile.open_complaints;
	assert_int_equal(seen.purchases, naive.purchases);
	assert_int_equal(seen.times, naive.times);
	assert_int_equal(seen.counted, naive.counted);
	assert_int_equal(seen.money, naive.money);
	assert_memory_equal(seen.lines, naive.lines, sizeof(seen.lines));
	assert_memory_equal(seen.units, naive.units, sizeof(seen.units));
	assert_int_equal(seen.complaints, naive.complaints);
	for (unsigned p = 1; p < 3; p++) {
		for (unsigned c = 1; c < 3; c++)
			assert_int_equal(profile.consents[p][c].granted,
				naive_consents(history, customer, p, c));
	}
	profile_fini(&profile);
}

static void test_any_order_gives_what_happened(void **state)
{
	(void)state;
	struct shelf shelf;
	struct zone *zone;
	struct facts facts;
	static struct history history;
	unsigned order[EVENTS];
	uint64_t seed = 7;
	shelf_make(&shelf);
	assert_int_equal(zone_open(SLICE_LITERAL("UTC"), &zone), CH_OK);
	struct book *book = shelf_open(&shelf, marketing_tables, MARKETING_TABLES, BOOK_WRITE);
	facts_init(&facts);
	for (unsigned round = 0; round < 1000; round++) {
		history_draw(&seed, &history);
		for (unsigned way = 0; way < 3; way++) {
			struct book_txn *txn = shelf_begin(book, true);
			history_shuffle(&seed, &history, order);
			for (unsigned i = 0; i < history.count; i++)
				fact_fold(&facts, txn, &history.facts[order[i]]);
			for (uint64_t customer = 100; customer < 100 + CUSTOMERS; customer++)
				check_customer(&history, txn, customer, zone);
			facts_clear(&facts);
			book_abort(txn);
		}
	}
	facts_fini(&facts);
	book_close(book);
	zone_free(zone);
	shelf_remove(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_gives_what_happened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
