/* The rules of what is bought together as a part of the running module: receipts are folded into the book, and the
 * frequent sets kept up with them.  `carehub-marketing rules` reads the same book. */
#ifndef MARKETING_RULES_PART_H
#define MARKETING_RULES_PART_H

#include "module/kit/module.h"
#include "module/marketing/basket/rule_book.h"

/* [rules] of the configuration. */
struct rules_config {
	char *support;
	char *confidence;
	int64_t least;
	int64_t receipts;
	struct option_list ignored;
};

extern const struct module_part rules_part;

/* What the configuration asks for; it outlives the options.  CH_INVALID: a mistake that check has told. */
enum ch_status rules_config_read(const struct rules_config *config,
	struct rule_book_options *out_options, struct decimal *out_confidence);

#endif
