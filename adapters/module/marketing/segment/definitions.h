/* The file in which levels and segments are defined.
 *
 *     # A customer has the highest level whose condition holds; without any, level 0.
 *     [level 1]
 *     where = frequency(365d) >= 1
 *
 *     [level 2]
 *     where = frequency(365d) >= 3 and monetary(365d) >= 3000
 *
 *     [segment tv-fans]
 *     title = Bought a television of late, may be written to
 *     where = level >= 2 and bought(category "TV", 90d) >= 1 and
 *             consent(email, marketing) and not open_complaint
 *
 * A segment's name is for ever: events and campaigns name it.  A condition goes on in indented lines. */
#ifndef MARKETING_DEFINITIONS_H
#define MARKETING_DEFINITIONS_H

#include "base/limits.h"
#include "base/problem.h"
#include "module/marketing/segment/condition.h"

#define DEFINITION_VERSION_BYTES 17 /* 16 hex digits of a digest */

struct definition {
	bool is_level;
	uint32_t level;
	char *name;  /* of a segment; of a level its number */
	char *title; /* "" when none */
	struct condition *condition;
	char version[DEFINITION_VERSION_BYTES]; /* of the condition's text */
	unsigned line;
};

struct definitions {
	struct definition levels[LIMIT_LEVELS]; /* by rising number */
	size_t level_count;
	struct definition segments[LIMIT_SEGMENTS]; /* by name */
	size_t segment_count;
	char version
		[DEFINITION_VERSION_BYTES]; /* of all that decides: conditions, names, currency, zone */
	int64_t reach_us;                   /* the longest look back of all of them */
	int64_t level_period_us; /* what is told of a level: the longest period of the levels, else a year */
};

/* CH_INVALID when it added to `problems`, CH_NOMEM.  `settings` is what else decides, and goes into the version.
 * Large: *out_definitions is made, and freed with definitions_free. */
enum ch_status definitions_read(const char *path, struct slice currency, struct slice settings,
	struct problems *problems, struct definitions **out_definitions);

/* The same from a text; `file` is what mistakes are reported under. */
enum ch_status definitions_parse(struct slice text, const char *file, struct slice currency,
	struct slice settings, struct problems *problems, struct definitions **out_definitions);

void definitions_free(struct definitions *definitions); /* NULL is fine */

/* NULL: no such. */
const struct definition *definitions_segment(
	const struct definitions *definitions, struct slice name);
const struct definition *definitions_level(const struct definitions *definitions, uint32_t level);

#endif
