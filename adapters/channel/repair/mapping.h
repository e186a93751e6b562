/* What a station's file looks like and which event each of its rows is: an INI file that a clerk can
 * read, checked as a whole when it is loaded.  docs/channels/repair.md has the grammar with a full
 * example; three mappings are built in.
 *
 *     [file]
 *     format = csv
 *     charset = GB18030
 *     [station]
 *     source = /stations/sh12
 *     id = SH12
 *     zone = Asia/Shanghai
 *     [all]
 *     repair_order_id = {工单号}
 *     time = {时间}
 *     [event repair.order.repaired]
 *     when = {动作} is 修好 | 更换
 *     id = {工单号}/{序号}
 *     verdict = {结果} -> map results
 *     [values results]
 *     好 = fixed
 *     报废 = end_of_life
 *
 * A mapping is read only once it is loaded: any thread. */
#ifndef REPAIR_MAPPING_H
#define REPAIR_MAPPING_H

#include "base/problem.h"
#include "base/zone.h"
#include "channel/repair/target.h"
#include "channel/repair/template.h"
#include "kit/charset.h"
#include "wire/types.h"

enum mapping_format { MAPPING_CSV, MAPPING_JSONL, MAPPING_XES, MAPPING_CLOUDEVENTS };

/* What becomes of a column that the mapping does not name. */
enum mapping_extra { MAPPING_EXTRA_KEEP, MAPPING_EXTRA_IGNORE, MAPPING_EXTRA_REJECT };

/* Attributes of the envelope that a mapping may set. */
enum mapping_attribute {
	MAPPING_ID,
	MAPPING_SOURCE,
	MAPPING_SUBJECT,
	MAPPING_TIME,
	MAPPING_SENT,
	MAPPING_CORRELATION,
	MAPPING_CAUSATION,
	MAPPING_ATTRIBUTES,
};

/* One [values] section: what a station writes, and what it means. */
struct value_map_entry {
	struct slice from;
	struct slice to; /* empty: as though nothing stood there */
	struct value_map_entry *next;
};

struct value_map {
	struct slice name;
	unsigned line;
	struct value_map_entry *first;
	struct value_map_entry **last;
	bool has_default; /* a row `* = ...` */
	struct slice otherwise;
	struct value_map *next;
};

/* A template and how its text is read. */
struct expression {
	struct template template;
	struct conversion conversion;
	const struct value_map *map; /* NULL: none */
	unsigned line;
};

struct assignment {
	struct slice path; /* as written */
	struct target target;
	struct expression value;
	bool required;
	struct assignment *next;
};

/* A line `when = {column} is A | B`. */
struct condition {
	const struct column *column;
	bool negated;
	bool any; /* `is filled`; negated: `is empty` */
	struct slice *values;
	size_t value_count;
	struct condition *next;
};

/* One [event] section. */
struct rule {
	const struct event_type *type;
	unsigned line;
	struct condition *conditions;
	struct expression attributes[MAPPING_ATTRIBUTES]; /* template.first NULL: not given */
	struct assignment *assignments;
	bool digest_fields; /* of the columns used, not of the whole record */
	struct rule *next;
};

struct mapping {
	enum mapping_format format;
	enum charset charset;
	char delimiter;
	bool header;
	bool lenient_quotes;
	bool accept_unterminated;
	bool ignore_unmatched;
	enum mapping_extra extra;
	struct slice *names; /* without header: of the columns, in order */
	size_t name_count;
	struct slice source;
	struct slice station_id;
	struct zone *zone;
	struct columns columns;
	struct rule *rules;
	size_t rule_count;
	struct arena arena;
};

/* What the command line says over the file's head; empty: nothing. */
struct mapping_overrides {
	struct slice source;
	struct slice station_id;
	struct slice zone;
};

/* `overrides` may be NULL.  CH_INVALID: all that is wrong has been added to `problems` under `file`;
 * CH_NOMEM, CH_IO. */
enum ch_status mapping_parse(struct slice text, const char *file,
	const struct mapping_overrides *overrides, struct problems *problems,
	struct mapping **out_mapping);

/* The same of a file.  CH_NOT_FOUND too. */
enum ch_status mapping_load(const char *path, const struct mapping_overrides *overrides,
	struct problems *problems, struct mapping **out_mapping);

void mapping_free(struct mapping *mapping);

/* The mappings that ship in the program: "ords-0.3", "xes", "cloudevents".  The text of one, empty
 * when there is none of that name. */
struct slice mapping_builtin(const char *name);
const char *mapping_builtin_name(size_t i); /* NULL behind the last */

/* The value that a map gives; false when it has none for it. */
bool value_map_find(const struct value_map *map, struct slice from, struct slice *out_to);

/* Do all conditions hold? */
bool rule_matches(const struct rule *rule, const struct cell *const *cells);

#endif
