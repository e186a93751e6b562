#include "module/marketing/segment/segments_part.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/currency.h"
#include "base/log.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/segment/standing.h"
#include "wire/pb.h"

/* A piece of work between two batches: long enough that the commit is worth it, too short to be noticed. */
#define PIECE_US  4000
#define PIECE_MAX 512u
/* Customers of one batch that are judged with it; those beyond come in pieces. */
#define BATCH_MAX 1024u
/* Sayings that wait for the hub; over it the pieces do.  What events cause never waits. */
#define WAITING_MOST 4096u
#define WAITING_MS   20
#define TEND_MOST_MS 60000

/* Keys of the table of sweeps. */
#define SWEEP_DEFINITIONS 'd'
#define SWEEP_BUYERS      'p'

enum {
	SWEEP_VERSION = 1,
	SWEEP_CURSOR = 2,
	SWEEP_DONE = 3,
};

struct segments {
	struct facts facts;
	struct bench bench;
	struct definitions *definitions;
	struct zone *zone;
	char currency[4];
	int64_t clock_us; /* the hub's time, as far as it is known; never goes back */
	/* What tend has to look at; a book may have been left with anything. */
	bool backlog;
	int64_t next_due_us;
	struct metric *judged;
	struct metric *entered;
	struct metric *left;
	struct metric *level_changes;
	struct metric *stale;
};

/* ---- Settings ---- */

static const char *fault_currency(struct slice value)
{
	return currency_is_code(value) ? NULL : "is no currency such as CNY";
}

static const struct option options[] = {
	{.name = "segments.definitions",
		.type = OPTION_TEXT,
		.required = true,
		.at = offsetof(struct segments_config, definitions),
		.help = "The file in which levels and segments are defined."},
	{.name = "segments.currency",
		.type = OPTION_TEXT,
		.at = offsetof(struct segments_config, currency),
		.initial = "CNY",
		.fault = fault_currency,
		.help = "Amounts in definitions are in this currency (ISO 4217).  Purchases in another "
			"count as\npurchases, but not as money."},
	{.name = "segments.zone",
		.type = OPTION_TEXT,
		.at = offsetof(struct segments_config, zone),
		.initial = "UTC",
		.help = "Where birthdays and the last day of a consent begin and end: +08:00 or "
			"Asia/Shanghai."},
};

enum ch_status segments_config_open(const struct segments_config *config, struct problems *problems,
	struct definitions **out_definitions, struct zone **out_zone)
{
	struct zone *zone = NULL;
	struct definitions *definitions = NULL;
	if (config->definitions == NULL || config->currency == NULL || config->zone == NULL)
		return CH_INVALID; /* told by the options already */
	enum ch_status status = zone_open(slice_text(config->zone), &zone);
	if (status != CH_OK && status != CH_NOMEM) {
		problems_add(problems, NULL, 0, "segments.zone",
			"%s is no time zone that this machine knows", config->zone);
		status = CH_INVALID;
	}
	enum ch_status read = definitions_read(config->definitions, slice_text(config->currency),
		slice_text(config->zone), problems, &definitions);
	if (status == CH_OK)
		status = read;
	if (status == CH_OK) {
		*out_definitions = definitions;
		*out_zone = zone;
		definitions = NULL; /* the caller's now */
		zone = NULL;
	}
	definitions_free(definitions);
	zone_free(zone);
	return status;
}

static enum ch_status check(const void *config, void *const *configs, struct problems *problems)
{
	struct definitions *definitions = NULL;
	struct zone *zone = NULL;
	(void)configs;
	enum ch_status status = segments_config_open(config, problems, &definitions, &zone);
	if (status == CH_OK) {
		definitions_free(definitions);
		zone_free(zone);
	}
	return status;
}

/* ---- Life ---- */

static void close_part(void *self)
{
	struct segments *segments = self;
	if (segments == NULL)
		return;
	facts_fini(&segments->facts);
	bench_fini(&segments->bench);
	definitions_free(segments->definitions);
	zone_free(segments->zone);
	free(segments);
}

/* The bench judges by what is open now. */
static enum ch_status take_settings(
	struct segments *segments, const struct segments_config *config, struct problems *problems)
{
	struct definitions *definitions = NULL;
	struct zone *zone = NULL;
	enum ch_status status = segments_config_open(config, problems, &definitions, &zone);
	if (status != CH_OK)
		return status;
	definitions_free(segments->definitions);
	zone_free(segments->zone);
	segments->definitions = definitions;
	segments->zone = zone;
	memcpy(segments->currency, config->currency, 3);
	segments->bench.definitions = definitions;
	segments->bench.zone = zone;
	segments->bench.currency = slice_text(segments->currency);
	segments->backlog = true;
	return CH_OK;
}

static enum ch_status open_part(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	enum ch_status status = CH_NOMEM;
	struct segments *segments = calloc(1, sizeof(*segments));
	if (segments == NULL)
		return CH_NOMEM;
	facts_init(&segments->facts);
	bench_init(&segments->bench);
	segments->next_due_us = INT64_MIN;
	status = take_settings(segments, config, problems);
	if (metrics != NULL) {
		segments->judged = metric_counter(metrics, "carehub_module_customers_judged",
			"Customers whose level and segments were reckoned.", NULL);
		segments->entered = metric_counter(metrics, "carehub_module_segment_changes",
			"Customers who entered or left a segment.", "change", "entered", NULL);
		segments->left = metric_counter(metrics, "carehub_module_segment_changes",
			"Customers who entered or left a segment.", "change", "left", NULL);
		segments->level_changes = metric_counter(metrics, "carehub_module_level_changes",
			"Customers whose level changed.", NULL);
		segments->stale = metric_gauge(metrics, "carehub_module_customers_stale",
			"Customers that wait to be judged.", NULL);
	}
	if (status == CH_OK) {
		*out_self = segments;
		segments = NULL; /* the caller's now */
	}
	close_part(segments);
	return status;
}

static enum ch_status begin(void *self, struct book_txn *txn)
{
	struct segments *segments = self;
	(void)txn;
	facts_clear(&segments->facts);
	segments->backlog = true;
	segments->next_due_us = INT64_MIN;
	return CH_OK;
}

static void tell_metrics(struct segments *segments)
{
	struct bench *bench = &segments->bench;
	metric_add(segments->judged, (int64_t)bench->judged);
	metric_add(segments->entered, (int64_t)bench->entered);
	metric_add(segments->left, (int64_t)bench->left);
	metric_add(segments->level_changes, (int64_t)bench->level_changes);
	bench->judged = bench->entered = bench->left = bench->level_changes = 0;
}

/* ---- Events ---- */

static enum ch_status fold_fact(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct segments *segments = self;
	if (event->arrival_us > segments->clock_us)
		segments->clock_us = event->arrival_us;
	return facts_fold(&segments->facts, txn, event);
}

static enum ch_status skim_sale(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct segments *segments = self;
	(void)txn;
	enum ch_status status = facts_skim(&segments->facts, event);
	if (status == CH_OK && event->arrival_us > segments->clock_us)
		segments->clock_us = event->arrival_us;
	return status;
}

static enum ch_status fold_own(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct segments *segments = self;
	return standing_hear(&segments->bench, txn, event);
}

static const struct module_fold folds[] = {
	{"pos.sale.completed", fold_fact},
	{"pos.return.completed", fold_fact},
	{"pos.sale.voided", fold_fact},
	{"website.order.placed", fold_fact},
	{"website.order.amended", fold_fact},
	{"website.order.cancelled", fold_fact},
	{"website.refund.issued", fold_fact},
	{"website.warranty.registered", fold_fact},
	{"*.consent.given", fold_fact},
	{"*.consent.withdrawn", fold_fact},
	{"*.complaint.filed", fold_fact},
	{"callcenter.case.logged", fold_fact},
	{"callcenter.case.closed", fold_fact},
	{"callcenter.case.reopened", fold_fact},
	{"reference.product.published", fold_fact},
	{"customer.record.*", fold_fact},
	{"marketing.segment.*", fold_own},
	{"marketing.level.changed", fold_own},
};

static const struct module_fold skims[] = {
	{"pos.sale.completed", skim_sale},
};

/* ---- Sweeps ---- */

struct sweep {
	struct slice version; /* looks into the book */
	uint64_t cursor;
	bool done;
};

static struct slice sweep_key(struct key *key, char kind, struct slice name)
{
	key_start(key);
	key_byte(key, (uint8_t)kind);
	if (kind == SWEEP_BUYERS)
		key_text(key, name);
	return key_slice(key);
}

static enum ch_status sweep_read(struct slice value, struct sweep *out_sweep)
{
	struct pb_reader reader = pb_read(value);
	struct pb_field field;
	*out_sweep = (struct sweep){0};
	while (pb_next(&reader, &field)) {
		if (field.number == SWEEP_VERSION)
			out_sweep->version = field.bytes;
		else if (field.number == SWEEP_CURSOR)
			out_sweep->cursor = field.integer;
		else if (field.number == SWEEP_DONE)
			out_sweep->done = field.integer != 0;
	}
	return reader.status == CH_OK ? CH_OK : CH_CORRUPT;
}

/* `version`: of the definitions; of a product its number. */
static void sweep_put(
	struct book_txn *txn, struct slice key, struct slice version, uint64_t cursor, bool done)
{
	struct buffer value = {0};
	pb_put_bytes(&value, SWEEP_VERSION, version);
	pb_put_uint(&value, SWEEP_CURSOR, cursor);
	pb_put_bool(&value, SWEEP_DONE, done);
	if (value.status != CH_OK)
		book_fail(txn, value.status);
	else
		book_put(txn, TABLE_SWEEPS, key, buffer_slice(&value));
	buffer_fini(&value);
}

static void sweep_products(struct segments *segments, struct book_txn *txn)
{
	struct slice rest = buffer_slice(&segments->facts.changed_products);
	struct key key;
	while (rest.len >= 2) {
		size_t len = (size_t)(rest.data[0] << 8 | rest.data[1]);
		struct slice product = slice_sub(rest, 2, len);
		sweep_put(txn, sweep_key(&key, SWEEP_BUYERS, product), product, 0, false);
		rest = slice_sub(rest, 2 + len, rest.len);
		segments->backlog = true;
	}
}

/* ---- The end of a batch ---- */

static enum ch_status judge_now(
	struct segments *segments, struct book_txn *txn, uint64_t customer, int64_t since_us)
{
	enum ch_status status =
		standing_judge(&segments->bench, txn, customer, segments->clock_us, since_us);
	int64_t due_us = segments->bench.after.due_us;
	if (status == CH_OK && due_us != 0 && due_us < segments->next_due_us)
		segments->next_due_us = due_us;
	return status;
}

static enum ch_status settle(void *self, struct book_txn *txn, bool live)
{
	struct segments *segments = self;
	struct touched *touched = &segments->facts.touched;
	enum ch_status status = touched->status;
	touched_settle(touched);
	for (size_t i = 0; i < touched->count && status == CH_OK; i++) {
		if (live && i < BATCH_MAX) {
			status =
				judge_now(segments, txn, touched->customers[i], segments->clock_us);
		} else {
			standing_put_stale(txn, touched->customers[i]);
			segments->backlog = true;
		}
	}
	if (status == CH_OK)
		sweep_products(segments, txn);
	facts_clear(&segments->facts);
	tell_metrics(segments);
	return status == CH_OK ? book_status(txn) : status;
}

/* ---- Between batches ---- */

struct piece {
	struct segments *segments;
	struct book_txn *txn;
	int64_t until_us; /* by the steady clock */
	unsigned left;
};

static bool piece_is_over(const struct piece *piece)
{
	return piece->left == 0 || clock_steady_us() >= piece->until_us;
}

static enum ch_status piece_judge(struct piece *piece, uint64_t customer, int64_t since_us)
{
	piece->left--;
	return judge_now(piece->segments, piece->txn, customer, since_us);
}

/* CH_END: nothing is left of this kind; CH_OK: the piece was over first. */
static enum ch_status piece_due(struct piece *piece)
{
	struct segments *segments = piece->segments;
	uint64_t customer = 0;
	int64_t due_us = 0;
	enum ch_status status = CH_OK;
	while (status == CH_OK && !piece_is_over(piece)) {
		status = standing_next_due(piece->txn, segments->clock_us, &customer, &due_us);
		if (status == CH_OK)
			status = piece_judge(piece, customer, due_us);
	}
	segments->next_due_us = status == CH_END ? due_us : INT64_MIN;
	return status;
}

static enum ch_status piece_stale(struct piece *piece)
{
	uint64_t customer = 0;
	enum ch_status status = CH_OK;
	while (status == CH_OK && !piece_is_over(piece)) {
		status = standing_take_stale(piece->txn, &customer);
		if (status == CH_OK)
			status = piece_judge(piece, customer, piece->segments->clock_us);
	}
	return status;
}

/* Judges the customers that a walk over `table` names last in its keys, from behind `cursor` on.  CH_END: all. */
static enum ch_status piece_walk(
	struct piece *piece, enum marketing_table table, struct slice prefix, uint64_t *cursor)
{
	struct book_walk *walk = NULL;
	struct key from;
	struct slice key;
	struct slice value;
	if (*cursor == UINT64_MAX)
		return CH_END;
	from.len = prefix.len;
	from.full = false;
	if (prefix.len > 0)
		memcpy(from.bytes, prefix.data, prefix.len);
	key_u64(&from, *cursor + 1);
	enum ch_status status = book_walk_begin(piece->txn, table, prefix, key_slice(&from), &walk);
	while (status == CH_OK && !piece_is_over(piece)) {
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		struct slice number = slice_sub(key, prefix.len, key.len);
		if (!key_take_u64(&number, cursor))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = piece_judge(piece, *cursor, piece->segments->clock_us);
	}
	book_walk_end(walk);
	return status;
}

/* Who bought a product whose category or brand changed. */
static enum ch_status piece_buyers(struct piece *piece)
{
	const uint8_t kind = SWEEP_BUYERS;
	struct book_txn *txn = piece->txn;
	struct buffer product = {0};
	enum ch_status status = CH_OK;
	while (status == CH_OK && !piece_is_over(piece)) {
		struct slice key;
		struct slice value;
		struct sweep sweep = {0};
		struct key at;
		struct key prefix;
		status = book_last(txn, TABLE_SWEEPS, slice_of(&kind, 1), (struct slice){NULL, 0},
			&key, &value);
		if (status == CH_NOT_FOUND)
			status = CH_END;
		if (status == CH_OK)
			status = sweep_read(value, &sweep);
		if (status != CH_OK)
			break;
		buffer_clear(&product);
		buffer_append_slice(&product, sweep.version);
		key_start(&prefix);
		key_text(&prefix, buffer_slice(&product));
		status = product.status;
		if (status == CH_OK)
			status = piece_walk(piece, TABLE_BUYERS, key_slice(&prefix), &sweep.cursor);
		(void)sweep_key(&at, SWEEP_BUYERS, buffer_slice(&product));
		if (status == CH_END) {
			book_delete(txn, TABLE_SWEEPS, key_slice(&at));
			status = CH_OK;
		} else if (status == CH_OK) {
			sweep_put(txn, key_slice(&at), buffer_slice(&product), sweep.cursor, false);
		}
	}
	buffer_fini(&product);
	return status;
}

/* Everybody, when the definitions are others than those he was judged by. */
static enum ch_status piece_everybody(struct piece *piece)
{
	struct book_txn *txn = piece->txn;
	struct slice version = slice_text(piece->segments->definitions->version);
	struct slice value;
	struct sweep sweep = {0};
	struct key key;
	struct slice at = sweep_key(&key, SWEEP_DEFINITIONS, (struct slice){NULL, 0});
	enum ch_status status = book_get(txn, TABLE_SWEEPS, at, &value);
	if (status == CH_OK)
		status = sweep_read(value, &sweep);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	if (status == CH_NOT_FOUND || !slice_equal(sweep.version, version)) {
		log_info("segments.definitions", "version=%s",
			piece->segments->definitions->version);
		sweep = (struct sweep){0};
	} else if (sweep.done) {
		return CH_END;
	}
	if (piece_is_over(piece)) {
		sweep_put(txn, at, version, sweep.cursor, false);
		return CH_OK;
	}
	status = piece_walk(piece, TABLE_STANDINGS, (struct slice){NULL, 0}, &sweep.cursor);
	if (status == CH_OK || status == CH_END)
		sweep_put(txn, at, version, sweep.cursor, status == CH_END);
	return status;
}

static enum ch_status do_piece(struct segments *segments, struct book_txn *txn)
{
	static enum ch_status (*const kinds[])(struct piece * piece) = {
		piece_due, piece_stale, piece_buyers, piece_everybody};
	struct piece piece = {segments, txn, clock_steady_us() + PIECE_US, PIECE_MAX};
	enum ch_status status = CH_END;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && status == CH_END; i++)
		status = kinds[i](&piece);
	if (status == CH_END) {
		segments->backlog = false;
		status = CH_OK;
	}
	metric_set(segments->stale, (int64_t)book_count(txn, TABLE_STALE));
	return status == CH_OK ? book_status(txn) : status;
}

static enum ch_status tend(void *self, struct module_turn *turn)
{
	struct segments *segments = self;
	struct book_txn *txn = NULL;
	if (turn->now_us > segments->clock_us)
		segments->clock_us = turn->now_us;
	bool due = segments->next_due_us <= segments->clock_us;
	if ((due || segments->backlog) && turn->feed.waiting > WAITING_MOST) {
		turn->again_ms = WAITING_MS;
		return CH_OK;
	}
	enum ch_status status = CH_OK;
	if (due || segments->backlog) {
		status = book_begin(turn->book, true, &txn);
		if (status == CH_OK)
			status = do_piece(segments, txn);
		if (status == CH_OK)
			status = book_commit(txn);
		else
			book_abort(txn);
		if (status != CH_OK) {
			/* What is known by memory may be void. */
			segments->backlog = true;
			segments->next_due_us = INT64_MIN;
			turn->again_ms = 0;
			return status == CH_RETRY ? CH_OK : status;
		}
		tell_metrics(segments);
	}
	if (segments->backlog || segments->next_due_us <= segments->clock_us) {
		turn->again_ms = 0;
		return CH_OK;
	}
	int64_t wait_us = segments->next_due_us - segments->clock_us;
	turn->again_ms = wait_us < TEND_MOST_MS * INT64_C(1000) ? wait_us / 1000 + 1 : TEND_MOST_MS;
	return CH_OK;
}

const struct module_part segments_part = {
	.name = "segments",
	.folds = folds,
	.fold_count = sizeof(folds) / sizeof(folds[0]),
	.skims = skims,
	.skim_count = sizeof(skims) / sizeof(skims[0]),
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.config_bytes = sizeof(struct segments_config),
	.check = check,
	.open = open_part,
	.begin = begin,
	.settle = settle,
	.tend = tend,
	.close = close_part,
};

enum ch_status segments_backlog(struct book_txn *txn, struct segments_backlog *out_backlog)
{
	struct key key;
	struct slice value;
	struct sweep sweep = {.done = true};
	enum ch_status status = book_get(txn, TABLE_SWEEPS,
		sweep_key(&key, SWEEP_DEFINITIONS, (struct slice){NULL, 0}), &value);
	if (status == CH_OK)
		status = sweep_read(value, &sweep);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	*out_backlog = (struct segments_backlog){
		.stale = book_count(txn, TABLE_STALE), .sweeping = !sweep.done};
	return CH_OK;
}
