/* `carehub-repair translate FILE...`: what a station's files would become, without a hub.
 *
 * Events go to standard output, one CloudEvent a line; what did not become one goes to standard error,
 * one line each:
 *
 *     SH12.csv: line 17, record 16, column 4, byte 1893: 收机日期: "2026-02-30": there is no such day
 *     SH12.csv: 412 events, 1 rejected
 */
#ifndef REPAIR_TRANSLATE_H
#define REPAIR_TRANSLATE_H

#include <stdio.h>

#include "channel/repair/mapping.h"

struct translate_options {
	const char *mapping; /* a file or the name of a built-in one; NULL: guessed for each file */
	struct mapping_overrides overrides;
	bool quiet; /* no summary */
};

/* 0: every record became an event; 1: some were rejected or are incomplete; 2: a file or the mapping
 * cannot be used, or the machine failed. */
int translate_files(const struct translate_options *options, char *const *paths, size_t count,
	FILE *out, FILE *errors);

#endif
