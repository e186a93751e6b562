/* The marketing module as the kit runs it: what its parts are, what they listen to, where they keep it. */
#ifndef MARKETING_MARKETING_MODULE_H
#define MARKETING_MARKETING_MODULE_H

#include "base/limits.h"
#include "module/kit/module.h"

/* Of the parts in their order, for whoever wants their configuration. */
enum marketing_part {
	MARKETING_SEGMENTS,  /* struct segments_config */
	MARKETING_RULES,     /* struct rules_config */
	MARKETING_CAMPAIGNS, /* struct campaign_settings */
	MARKETING_PARTS,
};

struct marketing_module {
	struct module module; /* looks into the rest */
	const char *topics[LIMIT_FILTER_PATTERNS];
};

void marketing_module_make(struct marketing_module *out);

#endif
