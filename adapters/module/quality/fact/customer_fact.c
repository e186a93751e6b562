#include "module/quality/fact/customer_fact.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/table.h"
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

struct customer {
	uint64_t number;
	int64_t first_us;
	struct level *levels; /* the newest first */
};

struct customers {
	struct book_txn *txn;
	const struct quality_settings *settings;
	struct arena arena;
	struct table by_number;
};

static struct slice customer_key(const uint64_t *number)
{
	return slice_of(number, sizeof(*number));
}

static enum ch_status customers_find(
	struct customers *customers, uint64_t number, struct customer **out_customer)
{
	struct customer *customer = table_get(&customers->by_number, customer_key(&number));
	if (customer == NULL) {
		customer = arena_alloc(&customers->arena, sizeof(*customer));
		if (customer == NULL)
			return CH_NOMEM;
		*customer = (struct customer){.number = number, .first_us = INT64_MAX};
		enum ch_status status =
			table_put(&customers->by_number, customer_key(&customer->number), customer);
		if (status != CH_OK)
			return status;
	}
	*out_customer = customer;
	return CH_OK;
}

enum ch_status customers_now(
	struct customers *customers, uint64_t customer, uint64_t sequence, uint64_t *out_customer)
{
	bool erased = false;
	uint64_t now = 0;
	if (customer == 0) {
		*out_customer = 0;
		return CH_OK;
	}
	enum ch_status status = people_now(customers->txn, customer, sequence, &now);
	if (status == CH_OK && now != 0)
		status = people_erased(customers->txn, now, &erased);
	if (status == CH_OK)
		*out_customer = erased ? 0 : now;
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
		struct customer *customer;
		uint64_t filed;
		uint64_t now;
		if (!key_take_u64(&key, &filed) || stored.len != 8) {
			status = CH_CORRUPT;
			break;
		}
		int64_t moment = (int64_t)load_be64(stored.data);
		status = customers_now(customers, filed, 0, &now);
		if (status != CH_OK || now == 0)
			continue;
		status = customers_find(customers, now, &customer);
		if (status == CH_OK && moment < customer->first_us)
			customer->first_us = moment;
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

/* Puts a spell where its time belongs: the levels of numbers that were merged mingle. */
static enum ch_status customers_add_level(
	struct customers *customers, struct customer *customer, int64_t from_us, bool high)
{
	struct level **at = &customer->levels;
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
	uint64_t number;
	if (!key_take_u64(&key, &number))
		return CH_CORRUPT;
	enum ch_status status = customers_now(customers, number, 0, &number);
	if (status != CH_OK || number == 0)
		return status;
	status = customers_find(customers, number, &customer);
	for (size_t i = 0; status == CH_OK && i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		status = customers_add_level(customers, customer, mark->moment_us,
			customers_level_is_high(customers->settings, mark->texts[LEVEL_TEXT]));
	}
	return status;
}

enum ch_status customers_load(struct book_txn *txn, const struct quality_settings *settings,
	struct customers **out_customers)
{
	struct customers *customers = calloc(1, sizeof(*customers));
	enum ch_status status = CH_NOMEM;
	if (customers == NULL)
		goto out;
	customers->txn = txn;
	customers->settings = settings;
	arena_init(&customers->arena);
	table_init(&customers->by_number);
	status = customers_load_seen(customers);
	if (status == CH_OK)
		status = fact_walk(txn, FACT_LEVELS, INT64_MAX, customers_load_levels, customers);
	if (status != CH_OK)
		goto out;
	*out_customers = customers;
	customers = NULL;
out:
	customers_free(customers);
	return status;
}

void customers_free(struct customers *customers)
{
	if (customers == NULL)
		return;
	table_fini(&customers->by_number);
	arena_fini(&customers->arena);
	free(customers);
}

enum customer_group customers_group(
	const struct customers *customers, uint64_t number, int64_t moment_us)
{
	const struct customer *customer = NULL;
	if (number != 0)
		customer = table_get(&customers->by_number, customer_key(&number));
	if (customer == NULL)
		return GROUP_UNKNOWN;
	const struct level *level = customer->levels;
	while (level != NULL && level->from_us > moment_us)
		level = level->before;
	if (level != NULL && level->high)
		return GROUP_HIGH_VALUE;
	return customer->first_us != INT64_MAX &&
			       moment_us - customer->first_us >= customers->settings->new_ms * 1000
		       ? GROUP_LONG_STANDING
		       : GROUP_NEW;
}
