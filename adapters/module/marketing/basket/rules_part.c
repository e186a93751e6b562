#include "module/marketing/basket/rules_part.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

/* Nothing has come for so long: the tree may be written, whatever its size. */
#define QUIET_US INT64_C(10000000)

struct rules {
	struct rule_book *book;
	bool too_low; /* told once */
	int64_t news_us;
	struct metric *receipts;
	struct metric *sets;
	struct metric *behind;
};

/* ---- Settings ---- */

static const char *fault_share(struct slice value)
{
	struct decimal share;
	return share_parse(value, &share) == CH_OK ? NULL : "is no share above 0 and at most 1";
}

static const struct option options[] = {
	{.name = "rules.support",
		.type = OPTION_TEXT,
		.at = offsetof(struct rules_config, support),
		.initial = "0.001",
		.fault = fault_share,
		.help = "Least share of all receipts that hold a set of articles."},
	{.name = "rules.confidence",
		.type = OPTION_TEXT,
		.at = offsetof(struct rules_config, confidence),
		.initial = "0.5",
		.fault = fault_share,
		.help = "Least share of the receipts with a rule's left side that have its right side, "
			"too."},
	{.name = "rules.least",
		.type = OPTION_NUMBER,
		.at = offsetof(struct rules_config, least),
		.min = 1,
		.max = LIMIT_BASKETS,
		.initial = "10",
		.help = "And so many receipts at least: with few receipts a small share is less than "
			"one."},
	{.name = "rules.receipts",
		.type = OPTION_NUMBER,
		.at = offsetof(struct rules_config, receipts),
		.min = 1000,
		.max = LIMIT_BASKETS / 2,
		.initial = "1000000",
		.help = "Rules are found among the newest so many receipts, at most twice as many."},
	{.name = "rules.ignored",
		.type = OPTION_LIST,
		.at = offsetof(struct rules_config, ignored),
		.help = "Articles that are none: carrier bags, deposits."},
};

enum ch_status rules_config_read(const struct rules_config *config,
	struct rule_book_options *out_options, struct decimal *out_confidence)
{
	struct rule_book_options read = {
		.support.baskets = (uint32_t)config->least,
		.ignored = (const char *const *)config->ignored.items,
		.ignored_count = config->ignored.count,
		.most = (uint32_t)config->receipts,
	};
	if (config->support == NULL || config->confidence == NULL ||
		share_parse(slice_text(config->support), &read.support.share) != CH_OK ||
		share_parse(slice_text(config->confidence), out_confidence) != CH_OK)
		return CH_INVALID;
	*out_options = read;
	return CH_OK;
}

/* ---- Life ---- */

static void close_part(void *self)
{
	struct rules *rules = self;
	if (rules == NULL)
		return;
	rule_book_free(rules->book);
	free(rules);
}

static enum ch_status open_part(
	const void *config, struct metrics *metrics, struct problems *problems, void **out_self)
{
	struct rule_book_options read;
	struct decimal confidence;
	struct rules *rules = calloc(1, sizeof(*rules));
	if (rules == NULL)
		return CH_NOMEM;
	enum ch_status status = rules_config_read(config, &read, &confidence);
	if (status != CH_OK)
		problems_add(problems, NULL, 0, "rules.support", "is no share");
	if (status == CH_OK)
		status = rule_book_create(&read, &rules->book);
	if (metrics != NULL) {
		rules->receipts = metric_gauge(metrics, "carehub_module_rule_receipts",
			"Receipts that rules are found among.", NULL);
		rules->sets = metric_gauge(metrics, "carehub_module_rule_sets",
			"Sets of articles that are counted.", NULL);
		rules->behind = metric_gauge(metrics, "carehub_module_rule_receipts_behind",
			"Receipts that the counts do not have yet.", NULL);
	}
	if (status == CH_OK) {
		*out_self = rules;
		rules = NULL; /* the caller's now */
	}
	close_part(rules);
	return status;
}

static enum ch_status begin(void *self, struct book_txn *txn)
{
	struct rules *rules = self;
	int64_t began_us = clock_steady_us();
	enum ch_status status = rule_book_load(rules->book, txn);
	struct rule_book_figures figures = rule_book_figures(rules->book);
	if (status == CH_OK && figures.receipts > 0)
		log_info("rules.loaded", "receipts=%u counted=%u sets=%zu ms=%lld",
			(unsigned)figures.receipts, (unsigned)figures.counted, figures.sets,
			(long long)(clock_steady_us() - began_us) / 1000);
	return status;
}

static enum ch_status fold(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct rules *rules = self;
	return rule_book_fold(rules->book, txn, event);
}

static enum ch_status skim(void *self, struct book_txn *txn, const struct feed_event *event)
{
	struct rules *rules = self;
	return rule_book_skim(rules->book, txn, event);
}

static const struct module_fold folds[] = {
	{"pos.sale.completed", fold},
	{"pos.sale.voided", fold},
};

static const struct module_fold skims[] = {
	{"pos.sale.completed", skim},
};

static enum ch_status settle(void *self, struct book_txn *txn, bool live)
{
	struct rules *rules = self;
	struct rule_book_figures figures = rule_book_figures(rules->book);
	(void)live;
	metric_set(rules->receipts, figures.receipts);
	metric_set(rules->sets, (int64_t)figures.sets);
	metric_set(rules->behind, figures.behind);
	return rule_book_settle(rules->book, txn);
}

/* ---- Between batches ---- */

static enum ch_status tidy(struct rules *rules, struct module_turn *turn, bool trim)
{
	struct book_txn *txn = NULL;
	enum ch_status status = book_begin(turn->book, true, &txn);
	if (status == CH_OK)
		status = trim ? rule_book_trim(rules->book, txn) : rule_book_save(rules->book, txn);
	if (status == CH_OK)
		status = book_commit(txn);
	else
		book_abort(txn);
	if (status == CH_OK)
		return CH_OK;
	/* Memory may be ahead of the book now. */
	enum ch_status again = book_begin(turn->book, false, &txn);
	if (again == CH_OK)
		again = rule_book_load(rules->book, txn);
	if (again == CH_OK)
		again = book_commit(txn);
	return again == CH_OK ? status : again;
}

static enum ch_status tend(void *self, struct module_turn *turn)
{
	struct rules *rules = self;
	int64_t now_us = clock_steady_us();
	enum ch_status status = CH_OK;
	if (rule_book_figures(rules->book).behind > 0) {
		rules->news_us = now_us;
		status = rule_book_update(rules->book);
		if (status == CH_TOO_LARGE && !rules->too_low)
			log_warning("rules.support_too_low",
				"more sets reach it than can be counted; it is tried again with more receipts");
		rules->too_low = status == CH_TOO_LARGE;
		if (status == CH_TOO_LARGE)
			status = CH_OK;
	}
	bool trim = rule_book_wants_trimming(rules->book);
	bool quiet = now_us - rules->news_us >= QUIET_US;
	if (status == CH_OK && (trim || rule_book_wants_saving(rules->book, quiet)))
		status = tidy(rules, turn, trim);
	turn->again_ms = rule_book_wants_saving(rules->book, true) ? QUIET_US / 1000 : -1;
	return status == CH_RETRY ? CH_OK : status;
}

const struct module_part rules_part = {
	.name = "rules",
	.folds = folds,
	.fold_count = sizeof(folds) / sizeof(folds[0]),
	.skims = skims,
	.skim_count = sizeof(skims) / sizeof(skims[0]),
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.config_bytes = sizeof(struct rules_config),
	.open = open_part,
	.begin = begin,
	.settle = settle,
	.tend = tend,
	.close = close_part,
};
