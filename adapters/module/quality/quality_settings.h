/* What the quality module's reports go by: [quality] of its configuration. */
#ifndef QUALITY_SETTINGS_H
#define QUALITY_SETTINGS_H

#include "base/option.h"

struct quality_settings {
	char *utc_offset; /* "+08:00" */
	/* Customer groups. */
	int64_t new_ms;
	struct option_list high_value_levels;
	/* Promises. */
	int64_t open_ms;      /* R14 */
	int64_t open_long_ms; /* R140 */
	int64_t fix_ms;       /* 4 days */
	int64_t again_ms;     /* RR90 */
	int64_t stock_ms;
	int64_t overseas_ms;
	int64_t overseas_early_ms;
	int64_t acknowledge_ms; /* where the hub said no deadline */
	int64_t answer_ms;
	int64_t contact_ms; /* in which a customer who calls again was not helped at first contact */
	int64_t callback_years;
	/* Prices. */
	struct option_list price_lists; /* none: any list */
	int64_t charge_grace_ms;
	/* Satisfaction: "question weight" each. */
	struct option_list index_weights;
	char *overall_question;
	int64_t kind_answers; /* in each class, before a question is classified */
	int64_t kind_points;  /* of 100: a smaller difference is none */
	/* Ranking: "kpi weight target floor" each. */
	struct option_list ranking;
	int64_t ranking_cases; /* fewer of a kind say nothing */
};

#define QUALITY_OPTIONS 22
extern const struct option quality_options[QUALITY_OPTIONS];

/* What the rows of the table cannot tell; adds to `problems` (file `file`, NULL for none). */
void quality_settings_check(const struct quality_settings *settings, struct problems *problems);

/* East of Greenwich, in microseconds. */
int64_t quality_offset_us(const struct quality_settings *settings);

/* The defaults; freed with option_free. */
enum ch_status quality_settings_default(struct quality_settings *out_settings);
void quality_settings_free(struct quality_settings *settings);

/* The weight of a question, millionths, as configured; -1: it has none. */
int64_t quality_weight(const struct quality_settings *settings, struct slice question);

/* How a measure counts in the ranking; numbers in millionths, a target above its floor is one that
 * should be high. */
struct kpi_rule {
	int64_t weight;
	int64_t target; /* full points */
	int64_t floor;  /* none */
};

/* That of the KPI called `name`; false: it does not count. */
bool quality_kpi_rule(
	const struct quality_settings *settings, const char *name, struct kpi_rule *out_rule);

#endif
