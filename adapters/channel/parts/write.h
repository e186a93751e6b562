/* `carehub-parts write FILE...`: events as lines of JSON (of translate, or of `carehub find` and `tail`) become interchanges on standard output, without a
 * hub: the way back of translate.  Each event is an interchange of its own. */
#ifndef PARTS_WRITE_H
#define PARTS_WRITE_H

#include <stdio.h>

#include "channel/parts/outgoing.h"

struct write_options {
	/* Numbers that are empty are those that the event came with. */
	struct terms terms;
	const struct zone *zone;
	struct slice repair_reference;
	uint64_t number; /* of the first interchange */
	int64_t now_us;
	bool quiet; /* no line of counts */
};

/* 0: fine; 1: some could not be written; 2: a file cannot be read, or standard output not be written. */
int write_files(const struct write_options *options, char *const *paths, size_t count, FILE *out,
	FILE *errors);

#endif
