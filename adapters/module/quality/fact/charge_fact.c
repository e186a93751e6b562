#include "module/quality/fact/charge_fact.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "module/quality/fact/divide.h"
#include "module/quality/fact/period.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/quality_settings.h"

#define MILLION        INT64_C(1000000)
#define MILLION_DIGITS 6u
#define CHARGES_A_TURN 256u

#define CHARGE_MINOR_MAX INT64_C(1000000000000000)

/* ---- Folding ---- */

/* Millionths; what does not fit says nothing. */
static int64_t charge_millionths(const Carehub__V1__Decimal *told)
{
	struct decimal value;
	if (told == NULL || told->scale > DECIMAL_SCALE_MAX || told->unscaled <= 0)
		return 0;
	value = (struct decimal){told->unscaled, told->scale};
	return decimal_rescale(value, MILLION_DIGITS, &value) == CH_OK ? value.unscaled : 0;
}

/* An amount of which differences and lines can be made; more money than there is becomes the bound. */
static int64_t charge_minor(const Carehub__V1__Money *told)
{
	int64_t minor = told->minor_units;
	return minor > CHARGE_MINOR_MAX    ? CHARGE_MINOR_MAX
	       : minor < -CHARGE_MINOR_MAX ? -CHARGE_MINOR_MAX
					   : minor;
}

void charge_mark_fill(struct mark *mark, const Carehub__V1__Charge *charge)
{
	mark->texts[CHARGE_ITEM] = fact_text(charge->item_code);
	mark->numbers[CHARGE_KIND] = charge->kind;
	mark->numbers[CHARGE_QUANTITY] = charge_millionths(charge->quantity);
	mark->numbers[CHARGE_COVERAGE] = charge->coverage;
	if (charge->unit_price != NULL) {
		mark->numbers[CHARGE_UNIT] = charge_minor(charge->unit_price);
		mark->numbers[CHARGE_TOLD] |= CHARGE_HAS_UNIT;
		mark->texts[CHARGE_CURRENCY] = fact_text(charge->unit_price->currency);
	}
	if (charge->amount != NULL) {
		mark->numbers[CHARGE_AMOUNT] = charge_minor(charge->amount);
		mark->numbers[CHARGE_TOLD] |= CHARGE_HAS_AMOUNT;
		mark->texts[CHARGE_CURRENCY] = fact_text(charge->amount->currency);
	}
}

static void charge_put_due(struct book_txn *txn, int64_t at_us, struct slice order)
{
	struct key key;
	key_start(&key);
	key_time(&key, at_us);
	key_text(&key, order);
	book_put(txn, FACT_CHARGES_DUE, key_slice(&key), order);
}

enum ch_status charge_note(struct book_txn *txn, struct slice order, int64_t arrival_us,
	const struct mark *marks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct key key;
		if (marks[i].texts[CHARGE_ITEM].len == 0)
			continue;
		key_start(&key);
		key_text(&key, marks[i].texts[CHARGE_ITEM]);
		key_time(&key, marks[i].moment_us);
		key_text(&key, order);
		book_put(txn, FACT_CHARGED, key_slice(&key), order);
	}
	charge_put_due(txn, arrival_us, order);
	return book_status(txn);
}

/* When a price begins to be in force.  The day is that of the list's country; half a day to either side is
 * no matter here, where it only says from when on charges are looked at again. */
static int64_t price_since(const struct mark *price, int64_t offset_us)
{
	int64_t since = price->moment_us;
	if (price->numbers[PRICE_RETIRED] == 0)
		(void)period_of_date(price->texts[PRICE_FROM], offset_us, &since);
	return since;
}

/* Charges that the price may speak of are looked at again. */
static enum ch_status charge_look_again(
	struct book_txn *txn, struct slice item, int64_t since_us, int64_t arrival_us)
{
	struct book_walk *walk = NULL;
	struct buffer orders = {0};
	struct key prefix;
	struct key from;
	struct slice key;
	struct slice order;
	key_start(&prefix);
	key_text(&prefix, item);
	from = prefix;
	key_time(&from, since_us - DAY_US);
	enum ch_status status =
		book_walk_begin(txn, FACT_CHARGED, key_slice(&prefix), key_slice(&from), &walk);
	/* Gathered first: what the walk gives lives until the next change. */
	while (status == CH_OK && (status = book_walk_next(walk, &key, &order)) == CH_OK) {
		buffer_append_byte(&orders, (uint8_t)order.len);
		buffer_append_slice(&orders, order);
	}
	book_walk_end(walk);
	if (status == CH_END)
		status = orders.status;
	for (size_t at = 0; status == CH_OK && at < orders.len; at += 1u + orders.data[at])
		charge_put_due(txn, arrival_us, slice_of(orders.data + at + 1, orders.data[at]));
	buffer_fini(&orders);
	return status == CH_OK ? book_status(txn) : status;
}

static enum ch_status charge_fold_price(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__ReferencePricePublished *published = (const void *)event->message;
	struct mark mark = fact_mark(event, PRICE_PUBLISHED);
	(void)self;
	mark.customer = 0;
	mark.texts[PRICE_LIST] = fact_text(published->price_list_id);
	mark.texts[PRICE_FROM] = fact_text(published->valid_from_date);
	mark.texts[PRICE_UNTIL] = fact_text(published->valid_until_date);
	mark.numbers[PRICE_BASIS] = charge_millionths(published->basis);
	mark.numbers[PRICE_TAXED] = published->tax_included == CAREHUB__V1__ANSWER__ANSWER_YES;
	mark.numbers[PRICE_RETIRED] =
		published->retired == CAREHUB__V1__ANSWER__ANSWER_YES || published->price == NULL;
	if (published->price != NULL) {
		mark.texts[PRICE_CURRENCY] = fact_text(published->price->currency);
		mark.numbers[PRICE_MINOR] = charge_minor(published->price);
	}
	enum ch_status status =
		fact_put_named(txn, FACT_PRICES, fact_text(published->item_code), &mark, 1);
	if (status == CH_OK)
		status = charge_look_again(txn, fact_text(published->item_code),
			price_since(&mark, 0), event->arrival_us);
	return status;
}

static const struct module_fold charge_folds[] = {
	{"reference.price.published", charge_fold_price},
};

/* ---- Judging ---- */

static int64_t charge_or_one(int64_t millionths)
{
	return millionths > 0 ? millionths : MILLION;
}

/* What so much costs, within bounds. */
static int64_t charge_line(int64_t price_minor, int64_t quantity, int64_t basis)
{
	int64_t line = divide_round((__int128_t)price_minor * quantity, basis);
	return line > INT64_MAX / 4 ? INT64_MAX / 4 : line < INT64_MIN / 4 ? INT64_MIN / 4 : line;
}

static bool price_holds(const struct mark *price, int64_t moment_us, int64_t offset_us)
{
	int64_t until;
	if (price_since(price, offset_us) > moment_us)
		return false;
	return price->numbers[PRICE_RETIRED] != 0 ||
	       !period_after_date(price->texts[PRICE_UNTIL], offset_us, &until) ||
	       moment_us < until;
}

/* That of one list at one time; marks stand in the order of publication, so the last that holds counts. */
static const struct mark *price_find(const struct mark *prices, size_t count, struct slice list,
	int64_t moment_us, int64_t offset_us)
{
	for (size_t i = count; i > 0; i--) {
		const struct mark *price = &prices[i - 1];
		if (slice_equal(price->texts[PRICE_LIST], list) &&
			price_holds(price, moment_us, offset_us))
			return price->numbers[PRICE_RETIRED] != 0 ? NULL : price;
	}
	return NULL;
}

static bool charge_is_covered(const struct mark *charge)
{
	int64_t coverage = charge->numbers[CHARGE_COVERAGE];
	return coverage != CAREHUB__V1__COVERAGE__COVERAGE_UNSPECIFIED &&
	       coverage != CAREHUB__V1__COVERAGE__COVERAGE_OUT_OF_WARRANTY;
}

/* What was charged against one price. */
static void charge_compare(
	const struct mark *charge, const struct mark *price, struct charge_judgement *out)
{
	int64_t quantity = charge_or_one(charge->numbers[CHARGE_QUANTITY]);
	int64_t basis = charge_or_one(price->numbers[PRICE_BASIS]);
	int64_t line = charge_line(price->numbers[PRICE_MINOR], quantity, basis);
	bool has_unit = (charge->numbers[CHARGE_TOLD] & CHARGE_HAS_UNIT) != 0;
	bool has_amount = (charge->numbers[CHARGE_TOLD] & CHARGE_HAS_AMOUNT) != 0;
	*out = (struct charge_judgement){.list = price->texts[PRICE_LIST]};
	out->charged_minor = charge->numbers[CHARGE_AMOUNT];
	out->listed_minor = line;
	out->difference_minor = charge->numbers[CHARGE_AMOUNT] - line;
	/* With the price of one told, the line may be less, a discount; more it may not be. */
	if (has_unit && !(has_amount && charge->numbers[CHARGE_AMOUNT] > line)) {
		out->charged_minor = charge->numbers[CHARGE_UNIT];
		out->listed_minor = charge_line(price->numbers[PRICE_MINOR], MILLION, basis);
		out->difference_minor =
			charge_line(out->charged_minor - out->listed_minor, quantity, MILLION);
	}
	out->verdict = out->charged_minor == out->listed_minor  ? CHARGE_LISTED
		       : out->charged_minor > out->listed_minor ? CHARGE_OVER
								: CHARGE_UNDER;
	/* A price with tax bounds a charge without it, and no more. */
	if (out->verdict == CHARGE_UNDER && price->numbers[PRICE_TAXED] != 0)
		out->verdict = CHARGE_LISTED;
}

/* The better of two: on the list before off it, nearer before farther. */
static bool charge_is_better(
	const struct charge_judgement *judgement, const struct charge_judgement *than)
{
	int64_t mine = judgement->difference_minor;
	int64_t other = than->difference_minor;
	if (than->verdict == CHARGE_NOT_LISTED || than->verdict == CHARGE_LISTED)
		return than->verdict == CHARGE_NOT_LISTED;
	if (judgement->verdict == CHARGE_LISTED)
		return true;
	return (mine < 0 ? -mine : mine) < (other < 0 ? -other : other);
}

static void charge_try_list(const struct mark *charge, const struct mark *prices, size_t count,
	struct slice list, int64_t offset_us, struct charge_judgement *best)
{
	struct charge_judgement judgement;
	const struct mark *price = price_find(prices, count, list, charge->moment_us, offset_us);
	if (price == NULL ||
		!slice_equal(price->texts[PRICE_CURRENCY], charge->texts[CHARGE_CURRENCY]))
		return;
	charge_compare(charge, price, &judgement);
	if (charge_is_better(&judgement, best))
		*best = judgement;
}

void charge_judge(const struct mark *charge, const struct mark *prices, size_t price_count,
	const struct quality_settings *settings, int64_t offset_us,
	struct charge_judgement *out_judgement)
{
	int64_t told = charge->numbers[CHARGE_TOLD];
	bool free_of_charge = (told & CHARGE_HAS_UNIT) == 0 && charge->numbers[CHARGE_AMOUNT] == 0;
	struct charge_judgement best = {.verdict = CHARGE_NOT_LISTED};
	*out_judgement = (struct charge_judgement){.verdict = CHARGE_UNJUDGED};
	if (charge->texts[CHARGE_ITEM].len == 0 || told == 0 ||
		(free_of_charge && charge_is_covered(charge)))
		return;
	best.charged_minor = (told & CHARGE_HAS_UNIT) != 0 ? charge->numbers[CHARGE_UNIT]
							   : charge->numbers[CHARGE_AMOUNT];
	for (size_t i = 0; i < settings->price_lists.count; i++)
		charge_try_list(charge, prices, price_count,
			slice_text(settings->price_lists.items[i]), offset_us, &best);
	for (size_t i = 0; i < price_count && settings->price_lists.count == 0; i++)
		charge_try_list(
			charge, prices, price_count, prices[i].texts[PRICE_LIST], offset_us, &best);
	/* Only parts and services must be on a list. */
	if (best.verdict == CHARGE_NOT_LISTED &&
		charge->numbers[CHARGE_KIND] != CAREHUB__V1__ITEM_KIND__ITEM_KIND_UNSPECIFIED &&
		charge->numbers[CHARGE_KIND] != CAREHUB__V1__ITEM_KIND__ITEM_KIND_PART &&
		charge->numbers[CHARGE_KIND] != CAREHUB__V1__ITEM_KIND__ITEM_KIND_SERVICE)
		return;
	*out_judgement = best;
}

/* ---- Saying what is off the list ---- */

struct charges {
	const struct quality_settings *settings;
	int64_t offset_us;
};

static enum ch_status charge_open(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	struct charges *charges = calloc(1, sizeof(*charges));
	(void)metrics;
	(void)problems;
	if (charges == NULL)
		return CH_NOMEM;
	charges->settings = config;
	charges->offset_us = quality_offset_us(config);
	*out_self = charges;
	return CH_OK;
}

static void charge_close(void *self)
{
	free(self);
}

static enum ch_status charge_check(
	const void *config, void *const *configs, struct problems *problems)
{
	(void)configs;
	size_t before = problems->count + problems->dropped;
	quality_settings_check(config, problems);
	return problems->count + problems->dropped == before ? CH_OK : CH_INVALID;
}

/* A C text of a slice; the caller frees it.  NULL: out of memory. */
static char *charge_text(struct slice text)
{
	char *copy = malloc(text.len + 1);
	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = 0;
	return copy;
}

static enum ch_status charge_say(struct book_txn *txn, struct slice order, struct slice station,
	const struct mark *charge, const struct charge_judgement *judgement)
{
	Carehub__V1__QualityChargeFlagged flagged = CAREHUB__V1__QUALITY_CHARGE_FLAGGED__INIT;
	Carehub__V1__Money charged = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__Money published = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__EventRef cause = CAREHUB__V1__EVENT_REF__INIT;
	char item[24];
	char id[VOICE_ID_BYTES];
	struct slice parts[3] = {charge->source, charge->id, {NULL, 0}};
	const struct slice from[] = {order, station, charge->texts[CHARGE_ITEM],
		charge->texts[CHARGE_CURRENCY], judgement->list, charge->source, charge->id};
	char *texts[sizeof(from) / sizeof(*from)] = {NULL};
	enum ch_status status = CH_NOMEM;
	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
		texts[i] = charge_text(from[i]);
		if (texts[i] == NULL)
			goto out;
	}
	(void)snprintf(item, sizeof(item), "%u", charge->item);
	parts[2] = slice_text(item);
	voice_id("charge", parts, 3, id);
	flagged.repair_order_id = texts[0];
	flagged.station_id = texts[1];
	flagged.item_code = texts[2];
	charged.currency = texts[3];
	charged.minor_units = judgement->charged_minor;
	flagged.charged = &charged;
	published.currency = texts[3];
	published.minor_units = judgement->listed_minor;
	if (judgement->verdict != CHARGE_NOT_LISTED)
		flagged.published = &published;
	flagged.price_list_id = texts[4];
	cause.source = texts[5];
	cause.id = texts[6];
	flagged.cause = &cause;
	flagged.customer_number = charge->customer;
	status = voice_say(txn, &(struct saying){.type = "quality.charge.flagged",
					.id = slice_text(id),
					.time_us = charge->moment_us,
					.message = &flagged.base});
out:
	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++)
		free(texts[i]);
	return status;
}

struct charge_look {
	struct marks order;
	struct marks prices;
};

/* Says what is off the list in one order. */
static enum ch_status charge_look_at(
	struct charges *charges, struct book_txn *txn, struct charge_look *look, struct slice order)
{
	struct slice station = {NULL, 0};
	struct key key;
	key_start(&key);
	key_text(&key, order);
	enum ch_status status =
		fact_get(txn, FACT_REPAIRS, key_slice(&key), INT64_MAX, &look->order);
	for (size_t i = 0; status == CH_OK && i < look->order.count; i++) {
		const struct mark *mark = &look->order.items[i];
		struct charge_judgement judgement;
		if (mark->kind == REPAIR_RETURNED)
			station = mark->texts[REPAIR_STATION];
		if (mark->kind != REPAIR_CHARGED)
			continue;
		key_start(&key);
		key_text(&key, mark->texts[CHARGE_ITEM]);
		status = fact_get(txn, FACT_PRICES, key_slice(&key), INT64_MAX, &look->prices);
		if (status != CH_OK)
			break;
		charge_judge(mark, look->prices.items, look->prices.count, charges->settings,
			charges->offset_us, &judgement);
		if (judgement.verdict >= CHARGE_OVER)
			status = charge_say(txn, order, station, mark, &judgement);
	}
	return status;
}

/* One due order; CH_END: none is due any more. */
static enum ch_status charge_take(
	struct charges *charges, struct book_txn *txn, struct charge_look *look, int64_t until_us)
{
	struct book_walk *walk = NULL;
	struct slice none = {NULL, 0};
	struct slice stored;
	struct slice value;
	struct key key;
	char order[LIMIT_FACT_NAME_BYTES];
	int64_t due;
	enum ch_status status = book_walk_begin(txn, FACT_CHARGES_DUE, none, none, &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &stored, &value);
	if (status != CH_OK)
		goto out;
	struct slice rest = stored;
	status = CH_CORRUPT;
	if (!key_take_i64(&rest, &due) || value.len > sizeof(order) ||
		stored.len > sizeof(key.bytes))
		goto out;
	status = CH_END;
	if (due > until_us)
		goto out;
	/* Both look into the book, which is about to change. */
	key = (struct key){.len = stored.len};
	memcpy(key.bytes, stored.data, stored.len);
	size_t len = value.len;
	memcpy(order, value.data, len);
	book_walk_end(walk);
	walk = NULL;
	status = charge_look_at(charges, txn, look, slice_of(order, len));
	if (status == CH_OK)
		book_delete(txn, FACT_CHARGES_DUE, key_slice(&key));
	if (status == CH_OK)
		status = book_status(txn);
out:
	book_walk_end(walk);
	return status;
}

/* When the first is due; INT64_MAX: nothing waits. */
static enum ch_status charge_peek(struct book *book, int64_t *out_due_us)
{
	struct book_walk *walk = NULL;
	struct book_txn *txn = NULL;
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	int64_t due = INT64_MAX;
	enum ch_status status = book_begin(book, false, &txn);
	if (status == CH_OK)
		status = book_walk_begin(txn, FACT_CHARGES_DUE, none, none, &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &key, &value);
	if (status == CH_OK && !key_take_i64(&key, &due))
		status = CH_CORRUPT;
	if (status == CH_OK || status == CH_END) {
		*out_due_us = due;
		status = CH_OK;
	}
	book_walk_end(walk);
	book_abort(txn);
	return status;
}

static enum ch_status charge_tend(void *self, struct module_turn *turn)
{
	struct charges *charges = self;
	struct charge_look *look = NULL;
	struct book_txn *txn = NULL;
	int64_t until_us = turn->now_us - charges->settings->charge_grace_ms * 1000;
	int64_t next_us;
	enum ch_status status = charge_peek(turn->book, &next_us);
	turn->again_ms = -1;
	if (status != CH_OK || next_us == INT64_MAX)
		goto out;
	if (next_us > until_us) {
		turn->again_ms = (next_us - until_us) / 1000 + 1;
		goto out;
	}
	look = malloc(sizeof(*look));
	status = look != NULL ? book_begin(turn->book, true, &txn) : CH_NOMEM;
	for (size_t i = 0; status == CH_OK && i < CHARGES_A_TURN; i++)
		status = charge_take(charges, txn, look, until_us);
	if (status != CH_OK && status != CH_END)
		goto out;
	turn->again_ms = 0; /* for the next, or to look when that is due */
	status = book_commit(txn);
	txn = NULL;
out:
	book_abort(txn);
	free(look);
	return status;
}

const struct module_part charge_part = {
	.name = "charges",
	.folds = charge_folds,
	.fold_count = sizeof(charge_folds) / sizeof(*charge_folds),
	.options = quality_options,
	.option_count = QUALITY_OPTIONS,
	.config_bytes = sizeof(struct quality_settings),
	.check = charge_check,
	.open = charge_open,
	.tend = charge_tend,
	.close = charge_close,
};
