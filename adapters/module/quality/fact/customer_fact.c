#include "module/quality/fact/customer_fact.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "carehub/v1/module.pb-c.h"
#include "module/quality/quality_settings.h"

enum { LEVEL_CHANGED = 1 };

#define LEVEL_TEXT 0

/* ---- Folding ---- */

enum ch_status customer_seen(struct book_txn *txn, uint64_t customer, int64_t moment_us)
{
	struct key key;
	struct slice stored;
	uint8_t moment[8];
	if (customer == 0)
		return CH_OK;
	key_start(&key);
	key_u64(&key, customer);
	enum ch_status status = book_get(txn, FACT_SEEN, key_slice(&key), &stored);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	if (status == CH_OK && stored.len != sizeof(moment))
		return CH_CORRUPT;
	if (status == CH_OK && (int64_t)load_be64(stored.data) <= moment_us)
		return CH_OK;
	store_be64(moment, (uint64_t)moment_us);
	book_put(txn, FACT_SEEN, key_slice(&key), slice_of(moment, sizeof(moment)));
	return book_status(txn);
}

static enum ch_status customer_fold_bought(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	(void)self;
	return customer_seen(txn, event->customer, fact_mark(event, 0).moment_us);
}

static enum ch_status customer_fold_level(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__MarketingLevelChanged *changed = (const void *)event->message;
	struct mark mark = fact_mark(event, LEVEL_CHANGED);
	struct key key;
	(void)self;
	mark.customer = 0; /* it says nothing about when he was there */
	mark.texts[LEVEL_TEXT] = fact_text(changed->new_level);
	key_start(&key);
	key_u64(&key, changed->customer_number);
	return fact_put(txn, FACT_LEVELS, &key, &mark, 1);
}

static const struct module_fold customer_folds[] = {
	{"pos.sale.completed", customer_fold_bought},
	{"website.order.placed", customer_fold_bought},
	{"marketing.level.changed", customer_fold_level},
};

const struct module_part customer_part = {
	.name = "customers",
	.folds = customer_folds,
	.fold_count = sizeof(customer_folds) / sizeof(*customer_folds),
};

/* ---- Groups ---- */

static const char *const group_names[GROUP_COUNT] = {
	[GROUP_UNKNOWN] = "unknown",
	[GROUP_NEW] = "new",
	[GROUP_LONG_STANDING] = "long-standing",
	[GROUP_HIGH_VALUE] = "high-value",
};

const char *group_name(enum customer_group group)
{
	return group_names[group];
}

bool group_is_name(struct slice name)
{
	return group_find(name) != GROUP_UNKNOWN ||
	       slice_equal(name, slice_text(group_names[GROUP_UNKNOWN]));
}

enum customer_group group_find(struct slice name)
{
	for (int i = 0; i < GROUP_COUNT; i++) {
		if (slice_equal(name, slice_text(group_names[i])))
			return (enum customer_group)i;
	}
	return GROUP_UNKNOWN;
}

/* A spell of one level. */
struct level {
	int64_t from_us;
	bool high;
	struct level *before;
};

/* What few customers have. */
struct customer_more {
	uint64_t now;         /* whose the number is; 0: erased */
	struct level *levels; /* the newest first */
};

/* One number, in 16 bytes, as there may be millions.  `more` of CUSTOMERS_PLAIN
 * is its own and has no levels. */
struct customer {
	uint64_t number : 40; /* 0: an empty place */
	uint64_t more : 24;   /* in customers->more */
	int64_t first_us;     /* of one that is somebody's now: since when he is known */
};

#define CUSTOMERS_PLAIN 0xffffffu
#define CUSTOMERS_NUMBER                                                                           \
	(UINT64_C(1) << 40) /* customer numbers have twelve digits: all are below */

_Static_assert(sizeof(struct customer) == 16, "millions of them");

/* A table of its own: numbers are scattered over places by a mixed product. */
struct customers {
	struct book_txn *txn;
	const struct quality_settings *settings;
	struct arena arena; /* of levels */
	bool moved;         /* events were given back to somebody when a merge was undone */
	struct customer *places;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
	struct customer_more *more;
	size_t more_count;
	size_t more_capacity;
};

/* The number's place, or the empty one where it would stand; NULL: there are no
 * places at all. */
static struct customer *customers_place(const struct customers *customers, uint64_t number)
{
	size_t mask = customers->capacity - 1;
	if (customers->capacity == 0)
		return NULL;
	size_t at = (size_t)hash_mix(number, UINT64_C(0x9e3779b97f4a7c15)) & mask;
	while (customers->places[at].number != 0 && customers->places[at].number != number)
		at = (at + 1) & mask;
	return &customers->places[at];
}

static const struct customer *customers_get(const struct customers *customers, uint64_t number)
{
	const struct customer *customer = customers_place(customers, number);
	return customer != NULL && customer->number != 0 ? customer : NULL;
}

/* At most two thirds of the places are taken. */
static enum ch_status customers_grow(struct customers *customers, uint64_t count)
{
	struct customers larger = *customers;
	larger.capacity = customers->capacity == 0 ? 1024 : customers->capacity;
	while (3 * count > 2 * larger.capacity)
		larger.capacity *= 2;
	if (larger.capacity == customers->capacity)
		return CH_OK;
	larger.places = calloc(larger.capacity, sizeof(*larger.places));
	if (larger.places == NULL)
		return CH_NOMEM;
	for (size_t i = 0; i < customers->capacity; i++) {
		if (customers->places[i].number != 0)
			*customers_place(&larger, customers->places[i].number) =
				customers->places[i];
	}
	free(customers->places);
	*customers = larger;
	return CH_OK;
}

/* Whether it can be a customer's: events may tell any. */
static bool customers_is_number(uint64_t number)
{
	return number > 0 && number < CUSTOMERS_NUMBER;
}

/* Found, or made.  Good until the next one is made. */
static enum ch_status customers_find(
	struct customers *customers, uint64_t number, struct customer **out_customer)
{
	struct customer *customer = customers_place(customers, number);
	if (customer == NULL || customer->number == 0) {
		enum ch_status status = customers_grow(customers, customers->count + 1);
		if (status != CH_OK)
			return status;
		customer = customers_place(customers, number);
		customer->number = number & (CUSTOMERS_NUMBER - 1);
		customer->more = CUSTOMERS_PLAIN;
		customer->first_us = INT64_MAX;
		customers->count++;
	}
	*out_customer = customer;
	return CH_OK;
}

/* What is known beside, or room for it. */
static enum ch_status customers_more(
	struct customers *customers, struct customer *customer, struct customer_more **out_more)
{
	if (customer->more == CUSTOMERS_PLAIN) {
		if (customers->more_count == CUSTOMERS_PLAIN)
			return CH_TOO_LARGE;
		if (customers->more_count == customers->more_capacity) {
			size_t capacity =
				customers->more_capacity == 0 ? 64 : 2 * customers->more_capacity;
			struct customer_more *more =
				realloc(customers->more, capacity * sizeof(*more));
			if (more == NULL)
				return CH_NOMEM;
			customers->more = more;
			customers->more_capacity = capacity;
		}
		customer->more = customers->more_count & CUSTOMERS_PLAIN;
		customers->more[customers->more_count++] =
			(struct customer_more){.now = customer->number};
	}
	*out_more = &customers->more[customer->more];
	return CH_OK;
}

/* As the book has it. */
static enum ch_status customers_ask(
	struct customers *customers, uint64_t customer, uint64_t sequence, uint64_t *out_customer)
{
	bool erased = false;
	uint64_t now = 0;
	enum ch_status status = people_now(customers->txn, customer, sequence, &now);
	if (status == CH_OK && now != 0)
		status = people_erased(customers->txn, now, &erased);
	if (status == CH_OK)
		*out_customer = erased ? 0 : now;
	return status;
}

enum ch_status customers_now(
	struct customers *customers, uint64_t customer, uint64_t sequence, uint64_t *out_customer)
{
	const struct customer *known = NULL;
	if (customer == 0) {
		*out_customer = 0;
		return CH_OK;
	}
	/* Where no event was ever given back, whose a number is does not depend on
   * which event asks. */
	if (!customers->moved)
		known = customers_get(customers, customer);
	if (known == NULL)
		return customers_ask(customers, customer, sequence, out_customer);
	*out_customer =
		known->more == CUSTOMERS_PLAIN ? customer : customers->more[known->more].now;
	return CH_OK;
}

static enum ch_status customers_add_seen(
	struct customers *customers, uint64_t filed, int64_t moment_us)
{
	struct customer *customer;
	struct customer_more *more;
	uint64_t now;
	enum ch_status status = customers_ask(customers, filed, 0, &now);
	if (status == CH_OK && now != filed && customers_is_number(filed)) {
		status = customers_find(customers, filed, &customer);
		if (status == CH_OK)
			status = customers_more(customers, customer, &more);
		if (status == CH_OK)
			more->now = now;
	}
	if (status != CH_OK || !customers_is_number(now))
		return status;
	status = customers_find(customers, now, &customer);
	if (status == CH_OK && moment_us < customer->first_us)
		customer->first_us = moment_us;
	return status;
}

static enum ch_status customers_load_seen(struct customers *customers)
{
	struct book_walk *walk = NULL;
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice stored;
	enum ch_status status = book_walk_begin(customers->txn, FACT_SEEN, none, none, &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &stored)) == CH_OK) {
		uint64_t filed;
		if (!key_take_u64(&key, &filed) || filed == 0 || stored.len != 8)
			status = CH_CORRUPT;
		else
			status = customers_add_seen(
				customers, filed, (int64_t)load_be64(stored.data));
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

static bool customers_level_is_high(const struct quality_settings *settings, struct slice level)
{
	for (size_t i = 0; i < settings->high_value_levels.count; i++) {
		if (slice_equal(level, slice_text(settings->high_value_levels.items[i])))
			return true;
	}
	return false;
}

/* Puts a spell where its time belongs: the levels of numbers that were merged
 * mingle. */
static enum ch_status customers_add_level(
	struct customers *customers, struct customer_more *more, int64_t from_us, bool high)
{
	struct level **at = &more->levels;
	struct level *level = arena_alloc(&customers->arena, sizeof(*level));
	if (level == NULL)
		return CH_NOMEM;
	while (*at != NULL && (*at)->from_us > from_us)
		at = &(*at)->before;
	*level = (struct level){.from_us = from_us, .high = high, .before = *at};
	*at = level;
	return CH_OK;
}

static enum ch_status customers_load_levels(
	void *context, struct slice key, const struct marks *marks)
{
	struct customers *customers = context;
	struct customer *customer;
	struct customer_more *more;
	uint64_t number;
	if (!key_take_u64(&key, &number))
		return CH_CORRUPT;
	enum ch_status status = number != 0 ? customers_ask(customers, number, 0, &number) : CH_OK;
	if (status != CH_OK || !customers_is_number(number))
		return status;
	status = customers_find(customers, number, &customer);
	if (status == CH_OK)
		status = customers_more(customers, customer, &more);
	for (size_t i = 0; status == CH_OK && i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		status = customers_add_level(customers, more, mark->moment_us,
			customers_level_is_high(customers->settings, mark->texts[LEVEL_TEXT]));
	}
	return status;
}

enum ch_status customers_create(
	const struct quality_settings *settings, struct customers **out_customers)
{
	struct customers *customers = calloc(1, sizeof(*customers));
	if (customers == NULL)
		return CH_NOMEM;
	customers->settings = settings;
	arena_init(&customers->arena);
	*out_customers = customers;
	return CH_OK;
}

void customers_free(struct customers *customers)
{
	if (customers == NULL)
		return;
	free(customers->places);
	free(customers->more);
	arena_fini(&customers->arena);
	free(customers);
}

void customers_look(struct customers *customers, struct book_txn *txn)
{
	customers->txn = txn;
}

enum ch_status customers_load(struct customers *customers)
{
	enum ch_status status = people_moved(customers->txn, &customers->moved);
	if (status == CH_OK) /* as many as there are, and no larger table on the way there */
		status = customers_grow(customers, book_count(customers->txn, FACT_SEEN));
	if (status == CH_OK)
		status = customers_load_seen(customers);
	return status == CH_OK ? fact_walk(customers->txn, FACT_LEVELS, INT64_MAX,
					 customers_load_levels, customers)
			       : status;
}

enum customer_group customers_group(
	const struct customers *customers, uint64_t number, int64_t moment_us)
{
	const struct customer *customer = number != 0 ? customers_get(customers, number) : NULL;
	if (customer == NULL)
		return GROUP_UNKNOWN;
	const struct level *level =
		customer->more == CUSTOMERS_PLAIN ? NULL : customers->more[customer->more].levels;
	while (level != NULL && level->from_us > moment_us)
		level = level->before;
	if (level != NULL && level->high)
		return GROUP_HIGH_VALUE;
	return customer->first_us != INT64_MAX &&
			       moment_us - customer->first_us >= customers->settings->new_ms * 1000
		       ? GROUP_LONG_STANDING
		       : GROUP_NEW;
}
