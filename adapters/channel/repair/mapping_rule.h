/* The inside of reading a mapping: settings as they stand in the file, and the rules made of them. */
#ifndef REPAIR_MAPPING_RULE_H
#define REPAIR_MAPPING_RULE_H

#include "channel/repair/mapping.h"

/* A line `name = value`. */
struct setting {
	struct slice name;
	struct slice value;
	unsigned line;
	bool used; /* of [all]: some event has this field */
	bool told; /* a problem with it has been reported */
	bool list; /* may stand several times */
	struct setting *next;
};

struct section {
	struct slice kind; /* "file", "event" ... */
	struct slice name; /* what follows it: "repair.order.received" */
	unsigned line;
	struct setting *first;
	struct setting **last;
	struct section *next;
};

struct mapping_parser {
	struct mapping *mapping;
	const char *file;
	struct problems *problems;
	struct section *sections;
	struct section **last_section;
	struct value_map *maps;
	struct rule **last_rule;
	bool source_forced;    /* by the command line: events have no say */
	enum ch_status status; /* CH_OK or CH_NOMEM; sticks */
};

void mapping_problem(struct mapping_parser *parser, unsigned line, struct slice key,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds the rule of one [event] section, with what `all` (may be NULL) has for it. */
void mapping_add_rule(struct mapping_parser *parser, struct section *section, struct section *all);

/* Reports what stands in [all] and fits no event. */
void mapping_check_all(struct mapping_parser *parser, const struct section *all);

#endif
