/* What rules and item sets look like outside: one JSON document, or a table for people.  The keys are
 * described in docs/marketing.md. */
#ifndef MARKETING_RULE_REPORT_H
#define MARKETING_RULE_REPORT_H

#include "module/marketing/basket/rule.h"

struct rule_report {
	const struct basket_store *store;
	const struct item_sets *sets;
	const struct rules *rules;
	struct decimal support;
	struct decimal confidence;
	bool with_sets; /* list the frequent sets, too */
};

/* A sticky CH_NOMEM in out->status. */
void rule_report_json(const struct rule_report *report, struct buffer *out);
void rule_report_text(const struct rule_report *report, struct buffer *out);

#endif
