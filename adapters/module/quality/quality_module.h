/* The quality module as the kit runs it: what its parts are, what they listen to, where they keep it. */
#ifndef QUALITY_QUALITY_MODULE_H
#define QUALITY_QUALITY_MODULE_H

#include "base/limits.h"
#include "module/kit/module.h"

/* Of its parts the one whose configuration is struct quality_settings. */
extern const size_t quality_config_part;

#define QUALITY_PARTS_MAX 16u

struct quality_module {
	struct module module; /* looks into the rest */
	const char *topics[LIMIT_FILTER_PATTERNS];
	const char *tables[BOOK_TABLES_MAX];
	const struct module_part *parts[QUALITY_PARTS_MAX];
};

void quality_module_make(struct quality_module *out);

#endif
